"""Comparison of runs in pairs, on the same questions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from openmedlm.data import UserError
from openmedlm.metrics import Comparison, Interval, benjamini_hochberg, compare, paired_bootstrap
from openmedlm.metrics.pairing import PairedOutcomes, pair_outcomes
from openmedlm.runs import Run, read_questions, read_run
from openmedlm.runs.score import is_same_question
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
    """Comparison of two programs.

    Attributes:
        first, second: Programs.
        benchmarks: Benchmarks of the common questions.
        left_out: Number of questions that only one of the programs has, and that are excluded.
        comparison: Difference and exact test on the common questions.
        bootstrap: 95 % interval of the difference from a cluster bootstrap; None if all questions are one cluster.
        p_adjusted: p-value adjusted for all comparisons of the same command.
    """

    first: RunRef
    second: RunRef
    benchmarks: Sequence[str]
    left_out: int
    comparison: Comparison
    bootstrap: Interval | None
    p_adjusted: float

    def as_json(self) -> dict[str, Any]:
        return {
            "first": self.first.as_json(),
            "second": self.second.as_json(),
            "benchmarks": list(self.benchmarks),
            "left_out": self.left_out,
            **self.comparison.as_json(),
            "p_adjusted": self.p_adjusted,
            "bootstrap": asdict(self.bootstrap) if self.bootstrap else None,
        }


def compare_runs(names: Sequence[str], *, only_common: bool, seed: int) -> list[PairComparison]:
    """Compare runs in pairs: the first with the second, the third with the fourth, and so on.

    Args:
        names: `DIR` or `DIR:PROGRAM`. If neither name of a pair has a program, and a run holds several, programs with
            the same name are compared.
        only_common: Compare runs over different questions on their common questions instead of refusing them.
        seed: Seed of the bootstrap.

    Raises:
        UserError: A run or program does not exist, or the questions differ.
    """
    if len(names) < 2 or len(names) % 2:
        raise UserError(f"{len(names)} runs given: name two runs, or pairs of two, such as A1 B1 A2 B2.")
    pairs = [pair for one, other in zip(names[::2], names[1::2], strict=True) for pair in _find_pairs(one, other)]
    compared = [_compare_pair(first, second, only_common, seed) for first, second in pairs]
    adjusted = benjamini_hochberg([each.comparison.p_value for each in compared])
    return [replace(each, p_adjusted=p) for each, p in zip(compared, adjusted, strict=True)]


def _find_pairs(one: str, other: str) -> list[tuple[RunRef, RunRef]]:
    (first, first_program), (second, second_program) = _read_named(one), _read_named(other)
    if first_program is None and second_program is None and max(len(first.outcomes), len(second.outcomes)) > 1:
        common = [program for program in first.outcomes if program in second.outcomes]
        if not common:
            raise UserError(
                f"no program with the same name in {one} ({', '.join(first.outcomes)}) and {other} "
                f"({', '.join(second.outcomes)}). Name one of each, such as {one}:{next(iter(first.outcomes))}."
            )
        pairs = [(RunRef(first, program), RunRef(second, program)) for program in common]
    else:
        pairs = [(_to_ref(first, first_program), _to_ref(second, second_program))]
    for left, right in pairs:
        if left.program == right.program and left.run.directory.resolve() == right.run.directory.resolve():
            raise UserError(f"{left} is compared with itself. Name another run, or two programs of this one.")
    return pairs


def _read_named(name: str) -> tuple[Run, str | None]:
    """Read the run, and return the program if one is named; directory and program may contain colons."""
    colons = [index for index, character in enumerate(name) if character == ":"]
    if Path(name).is_dir() or not colons:
        return read_run(Path(name)), None
    colon = next((index for index in colons if Path(name[:index]).is_dir()), colons[-1])
    directory, program = name[:colon], name[colon + 1 :]
    run = read_run(Path(directory))
    return run, check_choice(program, run.outcomes, f"program of {directory}")


def _to_ref(run: Run, program: str | None) -> RunRef:
    if program is None and len(run.outcomes) > 1:
        raise UserError(
            f"several programs in {run.directory}: {', '.join(run.outcomes)}. Name one, such as "
            f"{run.directory}:{next(iter(run.outcomes))}."
        )
    return RunRef(run, program or next(iter(run.outcomes)))


def _compare_pair(first: RunRef, second: RunRef, only_common: bool, seed: int) -> PairComparison:
    paired = pair_outcomes(first.run.outcomes[first.program], second.run.outcomes[second.program])
    _check_questions(first, second, paired, only_common)
    comparison = compare(paired.first, paired.second)
    return PairComparison(
        first=first,
        second=second,
        benchmarks=sorted({outcome.benchmark for outcome, _ in paired.pairs}),
        left_out=paired.only_first + paired.only_second,
        comparison=comparison,
        bootstrap=paired_bootstrap(paired.first, paired.second, paired.clusters, seed=seed),
        p_adjusted=comparison.p_value,
    )


def _check_questions(first: RunRef, second: RunRef, paired: PairedOutcomes, only_common: bool) -> None:
    if not paired.pairs:
        raise UserError(f"no common question in {first} and {second}. Compare runs over one benchmark and split.")
    if (paired.only_first or paired.only_second) and not only_common:
        raise UserError(
            f"different questions in {first} and {second}: {len(paired.pairs):,} common, {paired.only_first:,} only in "
            f"the first run, {paired.only_second:,} only in the second. Use --common to compare the common ones."
        )
    if first.run.directory == second.run.directory:
        return
    ours, theirs = ({(q.benchmark, q.id): q for q in read_questions(side.run.directory)} for side in (first, second))
    for outcome, _ in paired.pairs:
        key = outcome.benchmark, outcome.question_id
        if key in ours and key in theirs and not is_same_question(ours[key], theirs[key]):
            raise UserError(
                f"different texts of question {outcome.question_id} in {first} and {second}. Run both on the same "
                "version of the data."
            )
