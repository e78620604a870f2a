"""One question of the user: parsed from the command line or from JSON, and answered."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from typing import Any

from openmedlm.data import Question, UserError, question_from_record
from openmedlm.metrics import Outcome, Vote
from openmedlm.programs.final_answer import split_closing, visible_reasoning
from openmedlm.programs.letter_references import letter_references
from openmedlm.programs.option_order import relabel, reorder
from openmedlm.runs.execute import execute
from openmedlm.runs.plan import Plan
from openmedlm.terminal.progress import Progress
from openmedlm.utils.strict_json import DuplicateKeyError, load_json


@dataclass(frozen=True, slots=True)
class AskResult:
    """Answer to one question.

    Attributes:
        question: Question.
        outcome: Votes and their majority.
        reasoning: Reasoning from `find_reasoning`; None if the strategy does not reason.
    """

    question: Question
    outcome: Outcome
    reasoning: str | None

    @property
    def answer(self) -> str | None:
        """Letter of the answer; None without one."""
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
        """Yield the lines that are printed."""
        if self.answer is None:
            yield f"No answer: {self.outcome.error or 'no answer letter in the completion'}."
        else:
            yield f"Answer: {self.answer}. {self.question.options[self.answer]}"
        if self.reasoning:
            yield f"\n{self.reasoning}\n"
        letters = "".join(self.question.options)
        for vote in self.outcome.votes:
            method = "" if vote.method == "free" else f", {vote.method}"
            order = f", options shown as {' '.join(vote.order)}" if vote.order and vote.order != letters else ""
            yield f"Vote {vote.sample + 1}: {vote.letter or 'no answer'} (parsing rule: {vote.rule}{method}{order})"
        if self.outcome.votes_saved:
            yield f"Votes not requested because they could not change the majority: {self.outcome.votes_saved}"
        if self.outcome.exemplars:
            yield f"Exemplars: {', '.join(self.outcome.exemplars)}"


def question_from_arguments(question: str, options: Sequence[str], context: Sequence[str]) -> Question:
    """Build the question of the command line; options get letters in their order.

    Args:
        question: Text of the question.
        options: Options, `text` or `A=text`.
        context: Paragraphs before the question.

    Raises:
        UserError: The number of options is wrong, or the letter of an option is out of order.

    Example:
        >>> question_from_arguments("Which vitamin prevents scurvy?", ["Vitamin A", "B=Vitamin C"], []).options
        {'A': 'Vitamin A', 'B': 'Vitamin C'}
    """
    if len(options) > len(ascii_uppercase):
        raise UserError(f"too many answer options: {len(options)}. Give at most {len(ascii_uppercase)}.")
    by_letter = {}
    for letter, option in zip(ascii_uppercase, options, strict=False):
        own_letter, equals, text = option.partition("=")
        if equals and len(own_letter) == 1 and own_letter in ascii_uppercase:
            if own_letter != letter:
                raise UserError(f"wrong letter in --option {option!r}: expected {letter}. Give the options in order.")
            option = text
        by_letter[letter] = option
    return _to_question({"question": question, "options": by_letter, "context": list(context)}, "the question")


def question_from_text(text: str) -> Question:
    """Parse the question in a JSON record, such as {"question": …, "options": {"A": …}, "context": […]}.

    Raises:
        UserError: The text is not such a record, or repeats a key.
    """
    try:
        record = load_json(text)
    except DuplicateKeyError as error:
        raise UserError(f"{error} on stdin. Give each key once.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"invalid JSON on stdin: {error}. Give --question and --option, or a record with question and options."
        ) from error
    if not isinstance(record, dict):
        raise UserError("no JSON object on stdin. Give a record with question and options.")
    return _to_question(record, "stdin")


def answer_question(plan: Plan) -> AskResult:
    """Answer the only question of the plan with its only program."""
    (program,) = plan.programs.values()
    (question,) = plan.questions
    (result,) = execute(plan, Progress(shown=False, notices=True)).results
    (outcome,) = result.outcomes
    return AskResult(question, outcome, find_reasoning(question, outcome) if program.reasoning else None)


def find_reasoning(question: Question, outcome: Outcome) -> str | None:
    """Return the reasoning of the first vote for the answer, with the letters of the question's own option order.

    A vote whose letter references are ambiguous is left out; None if no vote is left.
    """
    votes = (vote for vote in outcome.votes if outcome.answer is not None and vote.letter == outcome.answer)
    return next((reasoning for vote in votes if (reasoning := _reasoning(question, vote)) is not None), None)


def _reasoning(question: Question, vote: Vote) -> str | None:
    shown = reorder(question, vote.order)
    reasoning, _ = split_closing(visible_reasoning(vote.text, vote.reasoning), shown.options)
    if shown is question:
        return reasoning
    references = letter_references(reasoning, shown)
    letters = dict(zip(shown.options, vote.order, strict=True))
    return None if references is None else relabel(reasoning, references, letters)


def _to_question(record: dict[str, Any], where: str) -> Question:
    """Convert the record; the correct answer is unknown, and is set to A unless the record has one."""
    return question_from_record({"id": "asked", "answer": "A", **record}, where, "asked", "test")
