"""Question list of the page: a small index of all questions, and details that the page unpacks on demand.

Text of models and data sets is stored compressed, and the page inserts it into text nodes only.
"""

import base64
import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from openmedlm.data import Question, UserError
from openmedlm.metrics import Outcome, Vote, majority
from openmedlm.runs import Prompts, Run, Sent

CHUNK_QUESTIONS = 100
"""Number of questions whose details unpack together."""

_MARKS = {"answered": "w", "unanswered": "u", "error": "e"}

_Key = tuple[str, ...]


@dataclass(frozen=True)
class ProgramColumn:
    """One program of one run, as a column of the list.

    Attributes:
        name: Heading on the page.
        outcomes: Outcome of each question, by `_key`.
        prompts: Prompts of the run.
        program: Name of the program in the run.
    """

    name: str
    outcomes: Mapping[_Key, Outcome]
    prompts: Prompts
    program: str


def program_columns(runs: Sequence[tuple[Run, Sent]]) -> list[ProgramColumn]:
    """Return one column per program of each run; headings include the run's name if there are several runs.

    Raises:
        UserError: A run has an outcome of a question that its directory lacks.
    """
    names = [run.directory.name for run, _ in runs]
    if len(set(names)) < len(names):
        names = [str(run.directory) for run, _ in runs]
    columns = []
    for name, (run, sent) in zip(names, runs, strict=True):
        keys = {(question.benchmark, question.id): _key(question) for question in sent.questions}
        for program, outcomes in run.outcomes.items():
            try:
                by_key = {keys[outcome.benchmark, outcome.question_id]: outcome for outcome in outcomes}
            except KeyError as error:
                raise UserError(
                    f"missing question in {run.directory}: {error}. Rerun the command that wrote the run."
                ) from error
            heading = program if len(runs) == 1 else f"{name}: {program}"
            columns.append(ProgramColumn(heading, by_key, sent.prompts, program))
    return columns


def distinct_questions(runs: Sequence[tuple[Run, Sent]]) -> list[Question]:
    """Return the questions of all runs, each once; a question with changed text or options counts as another one."""
    return list({_key(question): question for _, sent in runs for question in sent.questions}.values())


def question_index(questions: Sequence[Question], columns: Sequence[ProgramColumn]) -> str:
    """Pack the index: text, subject and gold letter of each question; answer, mark and agreement of each program.

    A mark is one letter per question: `r` correct, `w` wrong, `u` no answer, `e` error, `-` not asked.
    """
    return packed_json(
        {
            "chunk": CHUNK_QUESTIONS,
            "questions": [[q.id, q.benchmark, q.subject or "", q.answer, q.question] for q in questions],
            "programs": [
                {
                    "name": column.name,
                    "marks": "".join(_mark(column.outcomes.get(_key(q))) for q in questions),
                    "answers": [_answer(column.outcomes.get(_key(q))) for q in questions],
                    "agreement": [_agreement(column.outcomes.get(_key(q))) for q in questions],
                }
                for column in columns
            ],
        }
    )


def question_details(questions: Sequence[Question], columns: Sequence[ProgramColumn]) -> Iterator[str]:
    """Pack options, context, exemplars, votes and prompts, `CHUNK_QUESTIONS` questions per string."""
    for start in range(0, len(questions), CHUNK_QUESTIONS):
        texts: dict[str, int] = {}
        rows = [_question_detail(question, columns, texts) for question in questions[start : start + CHUNK_QUESTIONS]]
        yield packed_json({"texts": list(texts), "questions": rows})


def packed_json(value: object) -> str:
    """Return the value as base64 of gzipped JSON; equal values give equal strings."""
    return base64.b64encode(gzip.compress(orjson.dumps(value), compresslevel=6, mtime=0)).decode()


def _question_detail(question: Question, columns: Sequence[ProgramColumn], texts: dict[str, int]) -> dict[str, Any]:
    """Return the details of a question; long texts are stored once, in `texts`, and referenced by number."""

    def text_number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    return {
        "options": dict(question.options),
        "context": list(question.context),
        "explanation": question.explanation,
        "programs": [
            _outcome_detail(column, outcome, text_number) if (outcome := column.outcomes.get(_key(question))) else None
            for column in columns
        ],
    }


def _outcome_detail(column: ProgramColumn, outcome: Outcome, text_number: Callable[[str], int]) -> dict[str, Any]:
    similarities = outcome.similarities or [None] * len(outcome.exemplars)
    return {
        "error": outcome.error,
        "votes_skipped": outcome.votes_saved,
        "duplicates_removed": outcome.duplicates_removed,
        "exemplars": list(zip(outcome.exemplars, similarities, strict=True)),
        "votes": [_vote_detail(column, outcome, vote, text_number) for vote in outcome.votes],
    }


def _vote_detail(
    column: ProgramColumn, outcome: Outcome, vote: Vote, text_number: Callable[[str], int]
) -> dict[str, Any]:
    prompts = column.prompts
    parts = prompts.sent.get((column.program, outcome.question_id, vote.sample), [])
    return {
        "letter": vote.letter,
        "rule": vote.rule,
        "method": vote.method,
        "order": vote.order,
        "finish": vote.finish_reason,
        "error": vote.error,
        "tokens": [vote.prompt_tokens, vote.cached_tokens, vote.completion_tokens],
        "cost": vote.cost_usd,
        "seconds": round(vote.seconds, 3),
        "text": text_number(vote.text),
        "thoughts": text_number(vote.reasoning) if vote.reasoning else None,
        "prompt": [[role, text_number(prompts.texts[text])] for role, text in parts],
    }


def _key(question: Question) -> _Key:
    """Return what identifies a question, its order of options included, since letters depend on that."""
    return question.benchmark, question.id, question.answer, question.question, *question.options.values()


def _mark(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return "r" if outcome.correct else _MARKS[outcome.status]


def _answer(outcome: Outcome | None) -> str:
    return outcome.answer or "" if outcome else ""


def _agreement(outcome: Outcome | None) -> int | None:
    """Return the vote share of the answer in percent; None for a single vote."""
    if outcome is None or len(outcome.votes) < 2:
        return None
    return round(100 * majority([vote.letter for vote in outcome.votes]).share)
