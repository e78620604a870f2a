"""Answer lines as outcomes: parsed, voted on, and compared with the gold letter."""

from collections.abc import Iterable, Mapping, Sequence

from openmedlm.data.question import Question
from openmedlm.metrics.answer_parsing import ParsedAnswer, parse_answer
from openmedlm.metrics.outcome import Outcome, Vote
from openmedlm.metrics.voting import majority
from openmedlm.runs.external_completions.reader import AnswerLine
from openmedlm.utils.errors import UserError

_DEFAULT_LETTERS = "ABCDE"


def score_outcomes(
    lines: Iterable[AnswerLine], votes: int | None = None, questions: Mapping[str, Question] | None = None
) -> dict[str, list[Outcome]]:
    """Score the lines of each model; questions keep the order in which they first appear.

    The samples of a question are sorted by `sample` if all are whole numbers, else they keep the order of the lines. A
    completion is parsed against the options of its line, else those of the benchmark's question, else the letters A to
    E and the gold letter.

    Args:
        lines: Lines from `read_completions`.
        votes: Number of first samples that vote; None for all. A question with fewer samples is scored on those.
        questions: Questions of the benchmark by id; a line without options must have the same gold letter.

    Returns:
        Outcomes by model.

    Raises:
        UserError: A question is not in the benchmark, a gold letter differs, or lines of several benchmarks share an id
            although one benchmark is given.
        ValueError: votes is below 1.
    """
    if votes is not None and votes < 1:
        raise ValueError(f"votes must be at least 1, got {votes}")
    by_model: dict[str, dict[tuple[str | None, str], list[AnswerLine]]] = {}
    for line in lines:
        benchmark = line.benchmark if questions is None else None
        samples = by_model.setdefault(line.model, {}).setdefault((benchmark, line.qid), [])
        if samples and samples[0].benchmark != line.benchmark:
            raise UserError(
                f"{line.where}: two benchmarks of question {line.qid}: {line.benchmark or 'none'} and "
                f"{samples[0].benchmark or 'none'}. Score the lines of one benchmark at a time."
            )
        samples.append(line)
    return {
        model: [_outcome(_sort(samples), votes, questions) for samples in by_question.values()]
        for model, by_question in by_model.items()
    }


def _outcome(lines: Sequence[AnswerLine], votes: int | None, questions: Mapping[str, Question] | None) -> Outcome:
    head = lines[0]
    question = _question(head, questions)
    options = head.options or (question.options if question else None)
    letters = tuple(options) if options else tuple(sorted({*_DEFAULT_LETTERS, head.gold}))
    parsed = [pair for line in lines for pair in _parse(line, options, letters)][:votes]
    line_votes = tuple(
        Vote(sample=index, letter=answer.letter, rule=answer.rule, text=text)
        for index, (answer, text) in enumerate(parsed)
    )
    return Outcome(
        question_id=head.qid,
        benchmark=question.benchmark if question else head.benchmark or "",
        subject=question.subject if question else None,
        gold=head.gold,
        answer=majority([vote.letter for vote in line_votes]).letter,
        votes=line_votes,
    )


def _question(line: AnswerLine, questions: Mapping[str, Question] | None) -> Question | None:
    if questions is None:
        return None
    question = questions.get(line.qid)
    if question is None:
        raise UserError(
            f"{line.where}: {line.qid} is not a question of the benchmark. Name another benchmark or remove the line."
        )
    if line.options is None and line.gold != question.answer:
        raise UserError(
            f"{line.where}: the gold letter of {line.qid} is {line.gold}, but {question.answer} in the benchmark. "
            "Correct it, or add the options of the line."
        )
    return question


def _parse(
    line: AnswerLine, options: Mapping[str, str] | None, letters: Sequence[str]
) -> list[tuple[ParsedAnswer, str]]:
    if line.completion is not None:
        return [(parse_answer(line.completion, options, letters), line.completion)]
    return [(ParsedAnswer(letter, "given" if letter else "unreadable"), "") for letter in line.letters]


def _sort(lines: list[AnswerLine]) -> list[AnswerLine]:
    numbered = [(line.sample, line) for line in lines if isinstance(line.sample, int)]
    if len(numbered) < len(lines):
        return lines
    return [line for _, line in sorted(numbered, key=lambda pair: pair[0])]
