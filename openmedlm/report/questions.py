"""The questions of some runs, packed for the page: a light index of all, and details that unpack when they are opened.

What a model or a data set wrote stays data: it is compressed, and the page puts it into text nodes only.
"""

import base64
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from openmedlm.data import Question, UserError
from openmedlm.metrics import Outcome, Vote, majority
from openmedlm.runs import Prompts, Run, Sent

CHUNK = 100
"""Questions that unpack together."""

_MARKS = {"answered": "w", "unanswered": "u", "error": "e"}


_Key = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One program of one run.

    Attributes:
        name: as the page shows it.
        outcomes: by question, as `_key` tells them apart.
        prompts: of its run.
        program: its name in the run.
    """

    name: str
    outcomes: Mapping[_Key, Outcome]
    prompts: Prompts
    program: str


def columns_of(runs: Sequence[tuple[Run, Sent]]) -> list[Column]:
    """A column a program, named by its run too where there are several runs."""
    names = [run.directory.name for run, _ in runs]
    if len(set(names)) < len(names):
        names = [str(run.directory) for run, _ in runs]
    columns = []
    for name, (run, sent) in zip(names, runs, strict=True):
        keys = {(question.benchmark, question.id): _key(question) for question in sent.questions}
        for program, outcomes in run.outcomes.items():
            try:
                by_key = {keys[one.benchmark, one.question_id]: one for one in outcomes}
            except KeyError as error:
                raise UserError(f"{run.directory}: its questions lack {error}; run the command again") from error
            shown = program if len(runs) == 1 else f"{name}: {program}"
            columns.append(Column(shown, by_key, sent.prompts, program))
    return columns


def questions_of(runs: Sequence[tuple[Run, Sent]]) -> list[Question]:
    """The questions of all runs, each once; versions of one that differ stand side by side."""
    return list({_key(question): question for _, sent in runs for question in sent.questions}.values())


def index(questions: Sequence[Question], columns: Sequence[Column]) -> str:
    """What the list of questions needs: text, subject, gold; of each program answer, mark, agreement.

    Marks are a letter a question: `r`ight, `w`rong, `u`nanswered, `e`rror, `-` not asked.
    """
    return packed(
        {
            "chunk": CHUNK,
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


def details(questions: Sequence[Question], columns: Sequence[Column]) -> Iterator[str]:
    """Everything else, `CHUNK` questions at a time: options, passages, exemplars, votes, the prompts that were sent."""
    for start in range(0, len(questions), CHUNK):
        texts: dict[str, int] = {}
        rows = [_detail(question, columns, texts) for question in questions[start : start + CHUNK]]
        yield packed({"texts": list(texts), "questions": rows})


def packed(value: object) -> str:
    """JSON, compressed, in characters that a page can hold; the same for the same value."""
    return base64.b64encode(gzip.compress(orjson.dumps(value), compresslevel=6, mtime=0)).decode()


def _detail(question: Question, columns: Sequence[Column], texts: dict[str, int]) -> dict[str, Any]:
    def place(text: str) -> int:
        return texts.setdefault(text, len(texts))

    return {
        "options": dict(question.options),
        "context": list(question.context),
        "explanation": question.explanation,
        "programs": [
            _told(column, outcome, place) if (outcome := column.outcomes.get(_key(question))) else None
            for column in columns
        ],
    }


def _told(column: Column, outcome: Outcome, place: Any) -> dict[str, Any]:
    similarities = outcome.similarities or [None] * len(outcome.exemplars)
    return {
        "error": outcome.error,
        "saved": outcome.votes_saved,
        "removed": outcome.duplicates_removed,
        "exemplars": list(zip(outcome.exemplars, similarities, strict=True)),
        "votes": [_vote(column, outcome, vote, place) for vote in outcome.votes],
    }


def _vote(column: Column, outcome: Outcome, vote: Vote, place: Any) -> dict[str, Any]:
    prompts = column.prompts
    parts = prompts.sent.get((column.program, outcome.question_id, vote.sample), [])
    return {
        "letter": vote.letter,
        "rule": vote.rule,
        "how": vote.method,
        "order": vote.order,
        "finish": vote.finish_reason,
        "error": vote.error,
        "tokens": [vote.prompt_tokens, vote.cached_tokens, vote.completion_tokens],
        "cost": vote.cost_usd,
        "seconds": round(vote.seconds, 3),
        "text": place(vote.text),
        "prompt": [[role, place(prompts.texts[text])] for role, text in parts],
    }


def _key(question: Question) -> _Key:
    """What makes it this question; where its order of options differs, its letters mean something else."""
    return question.benchmark, question.id, question.answer, question.question, *question.options.values()


def _mark(outcome: Outcome | None) -> str:
    if outcome is None:
        return "-"
    return "r" if outcome.correct else _MARKS[outcome.status]


def _answer(outcome: Outcome | None) -> str:
    return outcome.answer or "" if outcome else ""


def _agreement(outcome: Outcome | None) -> int | None:
    """The vote share of the answer in percent; None for a single vote."""
    if outcome is None or len(outcome.votes) < 2:
        return None
    return round(100 * majority([vote.letter for vote in outcome.votes]).share)
