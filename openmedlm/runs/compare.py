"""Runs side by side: which programs are compared, on which questions, and what follows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from openmedlm.data import UserError
from openmedlm.metrics import Comparison, Interval, benjamini_hochberg, compare, paired_bootstrap
from openmedlm.metrics.pairing import PairedOutcomes, pair_outcomes
from openmedlm.runs import Run, read_questions, read_run
from openmedlm.runs.score import same_question
from openmedlm.utils.choices import check_choice


@dataclass(frozen=True)
class RunRef:
    """One program of a run."""

    run: Run
    program: str

    def __str__(self) -> str:
        return f"{self.run.directory}:{self.program}"

    def as_json(self) -> dict[str, Any]:
        return {"run": str(self.run.directory), "program": self.program, "model": self.run.config["model"]}


@dataclass(frozen=True)
class PairComparison:
    """Two programs, and what can be said of them.

    Attributes:
        first, second: the programs.
        benchmarks: whose questions they have in common.
        left_out: questions that only one of them was asked, and that were left out.
        comparison: on the common questions.
        drawn: 95 % interval of the difference by drawing questions again, repeated ones and passages together; None
            where all belong together.
        p_adjusted: the p-value adjusted for all comparisons that were made together.
    """

    first: RunRef
    second: RunRef
    benchmarks: Sequence[str]
    left_out: int
    comparison: Comparison
    drawn: Interval | None
    p_adjusted: float

    def as_json(self) -> dict[str, Any]:
        return {
            "first": self.first.as_json(),
            "second": self.second.as_json(),
            "benchmarks": list(self.benchmarks),
            "left_out": self.left_out,
            **self.comparison.as_json(),
            "p_adjusted": self.p_adjusted,
            "bootstrap": asdict(self.drawn) if self.drawn else None,
        }


def compare_runs(names: Sequence[str], *, of_common: bool, seed: int) -> list[PairComparison]:
    """Compares runs in pairs: the first with the second, the third with the fourth, ….

    Args:
        names: `DIR` or `DIR:PROGRAM`. Where neither of a pair names a program, and both hold several, each program is
            compared with that of its name.
        of_common: whether runs over different questions are compared on those that they have in common.
        seed: of the bootstrap.

    Raises:
        UserError: there is no run, it holds no such program, or the questions are not the same.
    """
    if len(names) < 2 or len(names) % 2:
        raise UserError(f"{len(names)} runs: name two, or pairs of two, such as A1 B1 A2 B2")
    sides = [pair for one, other in zip(names[::2], names[1::2], strict=True) for pair in _sides(one, other)]
    made = [_compared(first, second, of_common, seed) for first, second in sides]
    adjusted = benjamini_hochberg([each.comparison.p_value for each in made])
    return [replace(each, p_adjusted=p) for each, p in zip(made, adjusted, strict=True)]


def _sides(one: str, other: str) -> list[tuple[RunRef, RunRef]]:
    (first, first_program), (second, second_program) = _named(one), _named(other)
    if first_program is None and second_program is None and max(len(first.outcomes), len(second.outcomes)) > 1:
        both = [program for program in first.outcomes if program in second.outcomes]
        if not both:
            raise UserError(
                f"{one} and {other} hold no program of one name ({', '.join(first.outcomes)}; "
                f"{', '.join(second.outcomes)}); name one of each, such as {one}:{next(iter(first.outcomes))}"
            )
        pairs = [(RunRef(first, program), RunRef(second, program)) for program in both]
    else:
        pairs = [(_side(first, first_program), _side(second, second_program))]
    for left, right in pairs:
        if left.program == right.program and left.run.directory.resolve() == right.run.directory.resolve():
            raise UserError(f"{left}: compared with itself; name another run, or two programs of this one")
    return pairs


def _named(name: str) -> tuple[Run, str | None]:
    """The run, and the program where one is named; both may hold colons."""
    colons = [place for place, sign in enumerate(name) if sign == ":"]
    if Path(name).is_dir() or not colons:
        return read_run(Path(name)), None
    colon = next((place for place in colons if Path(name[:place]).is_dir()), colons[-1])
    directory, program = name[:colon], name[colon + 1 :]
    run = read_run(Path(directory))
    return run, check_choice(program, run.outcomes, f"program of {directory}")


def _side(run: Run, program: str | None) -> RunRef:
    if program is None and len(run.outcomes) > 1:
        raise UserError(
            f"{run.directory}: holds {', '.join(run.outcomes)}; name one, such as "
            f"{run.directory}:{next(iter(run.outcomes))}"
        )
    return RunRef(run, program or next(iter(run.outcomes)))


def _compared(first: RunRef, second: RunRef, of_common: bool, seed: int) -> PairComparison:
    shared = pair_outcomes(first.run.outcomes[first.program], second.run.outcomes[second.program])
    _check_questions(first, second, shared, of_common)
    comparison = compare(shared.first, shared.second)
    return PairComparison(
        first=first,
        second=second,
        benchmarks=sorted({one.benchmark for one, _ in shared.pairs}),
        left_out=shared.only_first + shared.only_second,
        comparison=comparison,
        drawn=paired_bootstrap(shared.first, shared.second, shared.clusters, seed=seed),
        p_adjusted=comparison.p_value,
    )


def _check_questions(first: RunRef, second: RunRef, shared: PairedOutcomes, of_common: bool) -> None:
    if not shared.pairs:
        raise UserError(f"{first} and {second} have no question in common; compare runs over one benchmark and split")
    if (shared.only_first or shared.only_second) and not of_common:
        raise UserError(
            f"{first} and {second} were asked different questions: {len(shared.pairs):,} in common, "
            f"{shared.only_first:,} only in the first, {shared.only_second:,} only in the second; "
            "--common compares them on the common ones"
        )
    if first.run.directory == second.run.directory:
        return
    asked, also = ({(q.benchmark, q.id): q for q in read_questions(side.run.directory)} for side in (first, second))
    for outcome, _ in shared.pairs:
        key = outcome.benchmark, outcome.question_id
        if key in asked and key in also and not same_question(asked[key], also[key]):
            raise UserError(
                f"{first} and {second}: {outcome.question_id} has another text in one than in the other; run both on "
                "one version of the data"
            )
