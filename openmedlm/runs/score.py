"""Completions of another system as a run, which compare, report and view read."""

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
"""Name of the model or benchmark of lines that name none."""

SCORED_SPLIT = "scored"
"""Name of the split of such a run."""

_UNKNOWN_TEXT = "(text not given)"


def add_clusters(by_model: Mapping[str, Sequence[Outcome]], known: Mapping[str, Question]) -> dict[str, list[Outcome]]:
    """Add the cluster of each question to its outcomes; all answers to one question are one cluster.

    Args:
        by_model: Outcomes of each model, from `score_outcomes`.
        known: Questions of the benchmark by id; empty without a benchmark, and each question is its own cluster.
    """
    ids = {outcome.question_id for outcomes in by_model.values() for outcome in outcomes}
    questions = [question for id, question in known.items() if id in ids]
    by_id = dict(zip((question.id for question in questions), clusters(questions), strict=True))
    return {
        model: [replace(outcome, cluster=by_id.get(outcome.question_id, outcome.question_id)) for outcome in outcomes]
        for model, outcomes in by_model.items()
    }


def to_questions(lines: Iterable[AnswerLine], known: Mapping[str, Question]) -> list[Question]:
    """Return each question of the lines once, with the texts of its lines, or else of the benchmark.

    Args:
        lines: Lines from `read_completions`.
        known: Questions of the benchmark by id; empty without a benchmark.

    Raises:
        UserError: Two models answered different versions of a question, which one run cannot hold.
    """
    by_question: dict[tuple[str | None, str], AnswerLine] = {}
    for line in lines:
        key = (None if known else line.benchmark), line.qid
        first = by_question.setdefault(key, line)
        if line.gold != first.gold or (line.options and first.options and line.options != first.options):
            row = first.where.rpartition(":")[2]
            raise UserError(
                f"{line.where}: the options or the gold letter of {line.qid} differ from row {row}. Score each model's "
                "lines to a run of its own."
            )
        if line.options and not first.options:
            by_question[key] = line
    return [_to_question(line, known.get(line.qid)) for line in by_question.values()]


def make_run(
    directory: Path,
    source: Path,
    by_model: Mapping[str, Sequence[Outcome]],
    summaries: Mapping[str, Summary],
    questions: Sequence[Question],
    votes: int | None,
) -> Run:
    """Build a run in which each model is a program; its prompts are unknown.

    Args:
        directory: Directory of the run.
        source: File of the completions.
        by_model: Outcomes of each model.
        summaries: Metrics of each model.
        questions: Questions of the run, from `to_questions`.
        votes: Maximum number of samples per question; None for all.

    Raises:
        UserError: A model has the name that stands for lines without a model.
    """
    if "" in by_model and UNNAMED in by_model:
        raise UserError(f'{source}: some lines name no model, others the model "{UNNAMED}". Name it in all lines.')
    names = {model: model or UNNAMED for model in by_model}
    config = {
        "openmedlm": version("openmedlm"),
        "model": source.name,
        "benchmark": ", ".join(sorted({question.benchmark for question in questions})),
        "split": SCORED_SPLIT,
        "source": str(source),
        "completions": {"sha256": sha256(source.read_bytes()).hexdigest(), "votes": votes},
        "questions": {"count": len(questions), "fingerprint": fingerprint(questions)},
        "programs": {name: {} for name in names.values()},
    }
    rows = [{"program": names[model], "split": SCORED_SPLIT, **asdict(summaries[model])} for model in by_model]
    outcomes = {
        names[model]: [replace(outcome, benchmark=outcome.benchmark or UNNAMED) for outcome in model_outcomes]
        for model, model_outcomes in by_model.items()
    }
    return Run(directory, config, {"runs": rows, "skipped": {}}, outcomes, {"test_evaluations": None})


def is_same_question(one: Question, other: Question) -> bool:
    """Return whether two records may be of the same question: no text that both know differs."""
    texts = zip((one.question, *one.options.values()), (other.question, *other.options.values()), strict=False)
    return all(a == b or _UNKNOWN_TEXT in (a, b) for a, b in texts)


def _to_question(line: AnswerLine, known: Question | None) -> Question:
    if known is not None:
        return known if line.options is None else replace(known, options=_all_options(line), answer=line.gold)
    return Question(
        id=line.qid,
        benchmark=line.benchmark or UNNAMED,
        split=SCORED_SPLIT,
        question=_UNKNOWN_TEXT,
        options=_all_options(line),
        answer=line.gold,
    )


def _all_options(line: AnswerLine) -> dict[str, str]:
    """Return the options from A to the last letter of the line, at least two, since a question needs them."""
    options = line.options or {}
    last = max([*options, line.gold, "B" if options else "E"])
    return {letter: options.get(letter, "").strip() or _UNKNOWN_TEXT for letter in letters(ord(last) - ord("A") + 1)}
