"""Completions that another system wrote, as a run: what `compare`, `report` and `view` read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from openmedlm.data import Question, UserError, clusters, fingerprint
from openmedlm.data.schema import letters
from openmedlm.metrics import Outcome, Summary
from openmedlm.runs import Run
from openmedlm.runs.external_completions import AnswerLine

UNNAMED = "completions"
"""In place of a model's or a benchmark's name, where the lines have none."""

SCORED = "scored"
"""The split of such a run."""

_UNKNOWN = "(text not given)"


def clustered(by_model: Mapping[str, Sequence[Outcome]], known: Mapping[str, Question]) -> dict[str, list[Outcome]]:
    """The outcomes with the cluster of each question; all answers to one question belong together.

    Args:
        by_model: as `score_outcomes` gives them.
        known: the benchmark's questions by id; empty where there is none, and each question is a cluster of its own.
    """
    ids = {one.question_id for outcomes in by_model.values() for one in outcomes}
    asked = [question for id, question in known.items() if id in ids]
    belonging = dict(zip((question.id for question in asked), clusters(asked), strict=True))
    return {
        model: [replace(one, cluster=belonging.get(one.question_id, one.question_id)) for one in outcomes]
        for model, outcomes in by_model.items()
    }


def questions_of(lines: Iterable[AnswerLine], known: Mapping[str, Question]) -> list[Question]:
    """What was asked, each question once: as its lines give it, the rest from the benchmark.

    Args:
        lines: as `read_completions` gives them.
        known: the benchmark's questions by id; empty where there is none.

    Raises:
        UserError: two models were asked different versions of a question, which a run can't hold.
    """
    given: dict[tuple[str | None, str], AnswerLine] = {}
    for line in lines:
        key = (None if known else line.benchmark), line.qid
        first = given.setdefault(key, line)
        if line.gold != first.gold or (line.options and first.options and line.options != first.options):
            row = first.where.rpartition(":")[2]
            raise UserError(
                f"{line.where}: {line.qid} has other options, or another gold letter, than in row {row}, and a run "
                "holds one version of a question; score each model's lines to a run of their own"
            )
        if line.options and not first.options:
            given[key] = line
    return [_question(line, known.get(line.qid)) for line in given.values()]


def same_question(one: Question, other: Question) -> bool:
    """Whether two records may be of the same question: no text that both know differs."""
    texts = zip((one.question, *one.options.values()), (other.question, *other.options.values()), strict=False)
    return all(a == b or _UNKNOWN in (a, b) for a, b in texts)


def _question(line: AnswerLine, known: Question | None) -> Question:
    if known is not None:
        return known if line.options is None else replace(known, options=_lettered(line), answer=line.gold)
    return Question(
        id=line.qid,
        benchmark=line.benchmark or UNNAMED,
        split=SCORED,
        question=_UNKNOWN,
        options=_lettered(line),
        answer=line.gold,
    )


def _lettered(line: AnswerLine) -> dict[str, str]:
    """The options with every letter up to the last, two of them at least: what a question needs to be one."""
    options = line.options or {}
    last = max([*options, line.gold, "B" if options else "E"])
    return {letter: options.get(letter, "").strip() or _UNKNOWN for letter in letters(ord(last) - ord("A") + 1)}


def run_of(
    directory: Path,
    source: Path,
    by_model: Mapping[str, Sequence[Outcome]],
    summaries: Mapping[str, Summary],
    asked: Sequence[Question],
    votes: int | None,
) -> Run:
    """The run of which each model is a program; nobody knows what it was sent.

    Raises:
        UserError: a model has the name that lines without one go by.
    """
    if "" in by_model and UNNAMED in by_model:
        raise UserError(f'{source}: some lines name no model, others the model "{UNNAMED}"; name it in all of them')
    names = {model: model or UNNAMED for model in by_model}
    benchmarks = sorted({question.benchmark for question in asked})
    about = {
        "openmedlm": version("openmedlm"),
        "model": source.name,
        "benchmark": ", ".join(benchmarks),
        "split": SCORED,
        "source": str(source),
        "completions": {"sha256": sha256(source.read_bytes()).hexdigest(), "votes": votes},
        "questions": {"count": len(asked), "fingerprint": fingerprint(asked)},
        "programs": {name: {} for name in names.values()},
    }
    rows = [{"program": names[model], "split": SCORED, **asdict(summaries[model])} for model in by_model]
    outcomes = {
        names[model]: [replace(one, benchmark=one.benchmark or UNNAMED) for one in some]
        for model, some in by_model.items()
    }
    return Run(directory, about, {"runs": rows, "skipped": {}}, outcomes, {"test_evaluations": None})
