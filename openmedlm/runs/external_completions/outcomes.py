"""Answer lines as outcomes: read, voted on, and compared with gold."""

from collections.abc import Iterable, Mapping, Sequence

from openmedlm.data.question import Question
from openmedlm.metrics.answer_parsing import ParsedAnswer, parse_answer
from openmedlm.metrics.outcome import Outcome, Vote
from openmedlm.metrics.voting import majority
from openmedlm.runs.external_completions.reader import AnswerLine
from openmedlm.utils.errors import UserError

_USUAL_LETTERS = "ABCDE"


def score_outcomes(
    lines: Iterable[AnswerLine], votes: int | None = None, questions: Mapping[str, Question] | None = None
) -> dict[str, list[Outcome]]:
    """The outcomes of every model, its questions in the order in which they first appear.

    The samples of a question are taken in the order of their `sample` where all are whole numbers, else in the order
    of the lines. A completion is read against the options of its line, else those of the benchmark's question; where
    there are neither, against the letters A to E and the gold letter.

    Args:
        lines: as `read_completions` gives them.
        votes: take the majority of the first so many samples; all of them where None. A question with fewer is voted
            on with those that it has, as the length of its outcome's `votes` shows.
        questions: a benchmark by question id; a line without options must agree with it on the gold letter.

    Raises:
        UserError: a line's question is not in the benchmark, the two disagree on its gold letter, or lines that name
            several benchmarks have one id, of which only one can be meant.
        ValueError: votes is below 1.
    """
    if votes is not None and votes < 1:
        raise ValueError(f"votes must be at least 1, got {votes}")
    asked: dict[str, dict[tuple[str | None, str], list[AnswerLine]]] = {}
    for line in lines:
        benchmark = line.benchmark if questions is None else None
        same = asked.setdefault(line.model, {}).setdefault((benchmark, line.qid), [])
        if same and same[0].benchmark != line.benchmark:
            raise UserError(
                f"{line.where}: {line.qid} is of {line.benchmark or 'no benchmark'} here, and of "
                f"{same[0].benchmark or 'none'} in another line; score the lines of one benchmark at a time"
            )
        same.append(line)
    return {
        model: [_outcome(_in_order(samples), votes, questions) for samples in by_question.values()]
        for model, by_question in asked.items()
    }


def _outcome(lines: Sequence[AnswerLine], votes: int | None, questions: Mapping[str, Question] | None) -> Outcome:
    head = lines[0]
    question = _question(head, questions)
    options = head.options or (question.options if question else None)
    letters = tuple(options) if options else tuple(sorted({*_USUAL_LETTERS, head.gold}))
    read = [pair for line in lines for pair in _readings(line, options, letters)][:votes]
    cast = tuple(
        Vote(sample=index, letter=reading.letter, rule=reading.rule, text=text)
        for index, (reading, text) in enumerate(read)
    )
    return Outcome(
        question_id=head.qid,
        benchmark=question.benchmark if question else head.benchmark or "",
        subject=question.subject if question else None,
        gold=head.gold,
        answer=majority([vote.letter for vote in cast]).letter,
        votes=cast,
    )


def _question(line: AnswerLine, questions: Mapping[str, Question] | None) -> Question | None:
    if questions is None:
        return None
    question = questions.get(line.qid)
    if question is None:
        raise UserError(
            f"{line.where}: {line.qid} is not a question of the benchmark; name another one or drop the line"
        )
    if line.options is None and line.gold != question.answer:
        raise UserError(
            f"{line.where}: the gold letter of {line.qid} is {line.gold}, but {question.answer} in the benchmark; "
            "correct it, or add the options that it belongs to"
        )
    return question


def _readings(
    line: AnswerLine, options: Mapping[str, str] | None, letters: Sequence[str]
) -> list[tuple[ParsedAnswer, str]]:
    if line.completion is not None:
        return [(parse_answer(line.completion, options, letters), line.completion)]
    return [(ParsedAnswer(letter, "given" if letter else "unreadable"), "") for letter in line.letters]


def _in_order(lines: list[AnswerLine]) -> list[AnswerLine]:
    numbered = [(line.sample, line) for line in lines if isinstance(line.sample, int)]
    if len(numbered) < len(lines):
        return lines
    return [line for _, line in sorted(numbered, key=lambda pair: pair[0])]
