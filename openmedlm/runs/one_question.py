"""One question, asked and answered."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from typing import Any

import orjson

from openmedlm.data import Question, UserError, question_from_record
from openmedlm.metrics import Outcome
from openmedlm.programs.final_answer import split_closing
from openmedlm.runs.execute import execute
from openmedlm.runs.plan import Plan
from openmedlm.terminal.progress import Progress


@dataclass(frozen=True, slots=True)
class AskResult:
    """The answer to one question.

    Attributes:
        question: what was asked.
        outcome: its votes and their majority.
        reasoning: of the first vote for the answer; None where the strategy does not reason.
    """

    question: Question
    outcome: Outcome
    reasoning: str | None

    @property
    def answer(self) -> str | None:
        return self.outcome.answer

    def as_json(self) -> dict[str, Any]:
        return {
            "answer": self.answer,
            "text": self.question.options[self.answer] if self.answer else None,
            "reasoning": self.reasoning,
            "votes": [asdict(vote) for vote in self.outcome.votes],
            "exemplars": list(self.outcome.exemplars),
            "error": self.outcome.error,
        }

    def lines(self) -> Iterator[str]:
        """What a person reads."""
        if self.answer is None:
            yield f"No answer: {self.outcome.error or 'the completion names no letter'}."
        else:
            yield f"Answer: {self.answer}. {self.question.options[self.answer]}"
        if self.reasoning:
            yield f"\n{self.reasoning}\n"
        for vote in self.outcome.votes:
            read = f"{vote.letter or '–'} ({vote.rule}, {vote.method}, options shown as {vote.order})"
            yield f"vote {vote.sample + 1}: {read}"
        if self.outcome.exemplars:
            yield f"exemplars: {', '.join(self.outcome.exemplars)}"


def question_from_arguments(question: str, options: Sequence[str], context: Sequence[str]) -> Question:
    """The question that the command line describes; options are lettered in their order.

    Raises:
        UserError: there are too few options, or an option's own letter is out of order.
    """
    if len(options) > len(ascii_uppercase):
        raise UserError(f"{len(options)} options are too many; give at most {len(ascii_uppercase)}")
    with_letter_refs = {}
    for letter, option in zip(ascii_uppercase, options, strict=False):
        own, equals, text = option.partition("=")
        if equals and len(own) == 1 and own in ascii_uppercase:
            if own != letter:
                raise UserError(f"--option {option!r} stands where {letter} is due; give the options in order")
            option = text
        with_letter_refs[letter] = option
    return _checked({"question": question, "options": with_letter_refs, "context": list(context)}, "the question")


def question_from_text(text: str) -> Question:
    """The question in a JSON record, such as {"question": …, "options": {"A": …}, "context": […]}.

    Raises:
        UserError: the text is not such a record.
    """
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UserError(
            f"stdin: not JSON ({error}); give --question and --option, or a record with question and options"
        ) from error
    if not isinstance(record, dict):
        raise UserError("stdin: not one JSON object; give a record with question and options")
    return _checked(record, "stdin")


def answer(planned: Plan) -> AskResult:
    """Asks the plan's one question of its one program."""
    (program,) = planned.programs.values()
    (question,) = planned.questions
    (result,) = execute(planned, Progress(shown=False)).results
    (outcome,) = result.outcomes
    deciding = next((vote for vote in outcome.votes if vote.letter == outcome.answer), None)
    return AskResult(question, outcome, split_closing(deciding.text)[0] if deciding and program.reasoning else None)


def _checked(record: dict[str, Any], where: str) -> Question:
    """The record as a question; its gold answer, which nobody knows, is the first letter unless it says."""
    return question_from_record({"id": "asked", "answer": "A", **record}, where, "asked", "test")
