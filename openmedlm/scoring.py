"""Completions that another system wrote, as a run: what `compare`, `report` and `view` read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from data import Question, clusters, fingerprint
from data.records import letters
from metrics import Outcome, Summary
from metrics.completions import AnswerLine
from programs.runs import Prompts, Run, Sent

UNNAMED = "completions"
"""In place of a model's or a benchmark's name, where the lines have none."""

SCORED = "scored"
"""The split of such a run."""

_UNKNOWN = "(text not given)"


def clustered(by_model: Mapping[str, Sequence[Outcome]], questions: Sequence[Question]) -> dict[str, list[Outcome]]:
    """The outcomes with the cluster of each question; all answers to one question belong together."""
    belonging = dict(zip((question.id for question in questions), clusters(questions), strict=True))
    return {
        model: [replace(one, cluster=belonging.get(one.question_id, one.question_id)) for one in outcomes]
        for model, outcomes in by_model.items()
    }


def questions_of(
    lines: Iterable[AnswerLine], outcomes: Iterable[Outcome], known: Mapping[str, Question]
) -> list[Question]:
    """What was asked, each question once, as far as it is known: a benchmark's question, else the line's options."""
    options = {line.qid: line.options for line in lines if line.options}
    asked: dict[str, Question] = {}
    for outcome in outcomes:
        if outcome.question_id not in asked:
            asked[outcome.question_id] = known.get(outcome.question_id) or _known_by_its_answers(
                outcome, options.get(outcome.question_id, {})
            )
    return list(asked.values())


def _known_by_its_answers(outcome: Outcome, options: Mapping[str, str]) -> Question:
    last = max([*options, outcome.gold, *("E" if not options else ())])
    return Question(
        id=outcome.question_id,
        benchmark=outcome.benchmark or UNNAMED,
        split=SCORED,
        question=_UNKNOWN,
        options={letter: options.get(letter, "").strip() or _UNKNOWN for letter in letters(ord(last) - ord("A") + 1)},
        answer=outcome.gold,
    )


def run_of(
    directory: Path,
    source: Path,
    by_model: Mapping[str, Sequence[Outcome]],
    summaries: Mapping[str, Summary],
    asked: Sequence[Question],
) -> tuple[Run, Sent]:
    """The run of which each model is a program; nobody knows what it was sent."""
    names = {model: model or UNNAMED for model in by_model}
    benchmarks = sorted({question.benchmark for question in asked})
    about = {
        "openmedlm": version("openmedlm"),
        "model": source.name,
        "benchmark": ", ".join(benchmarks),
        "split": SCORED,
        "source": str(source),
        "questions": {"count": len(asked), "fingerprint": fingerprint(asked)},
        "programs": {name: {} for name in names.values()},
    }
    rows = [{"program": names[model], "split": SCORED, **asdict(summaries[model])} for model in by_model]
    outcomes = {
        names[model]: [replace(one, benchmark=one.benchmark or UNNAMED) for one in some]
        for model, some in by_model.items()
    }
    run = Run(directory, about, {"runs": rows, "skipped": {}}, outcomes, {"test_looks": None})
    return run, Sent(asked, Prompts.of(()))
