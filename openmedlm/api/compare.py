"""Compare two programs from Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from openmedlm.metrics import Comparison, Interval, paired_bootstrap
from openmedlm.metrics import compare as compare_correct
from openmedlm.metrics.pairing import pair_outcomes
from openmedlm.runs.compare import compare_runs
from openmedlm.runs.execute import ProgramResult
from openmedlm.utils.errors import UserError

ResultOrRun: TypeAlias = ProgramResult | str | Path
"""Result of one program, or a saved run: `"DIR"` or `"DIR:PROGRAM"`."""


@dataclass(frozen=True, slots=True)
class ProgramComparison:
    """Difference between two programs on the questions that both answered.

    Attributes:
        a, b: Names of the programs.
        comparison: Accuracy of both, their difference (a − b, as a share of questions) with its 95 % interval, the
            p-value of the exact paired test, and the minimum detectable effect.
        bootstrap: 95 % interval of the difference by paired bootstrap over clusters of questions; None where all
            questions are in one cluster.

    Example:
        >>> import dspy
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> from openmedlm import CoT, ZeroShot, compare, evaluate, load_benchmark
        >>> result = evaluate([ZeroShot(), CoT()], load_benchmark("mmlu", "sample").dev, limit=4, progress=False)
        >>> compare(result["cot"], result["zero-shot"]).comparison.n
        4
    """

    a: str
    b: str
    comparison: Comparison
    bootstrap: Interval | None

    def __repr__(self) -> str:
        c = self.comparison
        return (
            f"{self.a} − {self.b}: {100 * c.difference:+.1f} points (95 % CI {100 * c.ci_low:+.1f} to "
            f"{100 * c.ci_high:+.1f}), p = {c.p_value:.3g}, n = {c.n}, {c.discordant} discordant"
        )

    def as_json(self) -> dict[str, object]:
        """Return the fields of the comparison as plain JSON values."""
        return {"a": self.a, "b": self.b, **self.comparison.as_json()}


def compare(a: ResultOrRun, b: ResultOrRun, *, seed: int = 0) -> ProgramComparison:
    """Compare two programs question by question with an exact paired test.

    Args:
        a, b: Results of `evaluate`, such as `result["cot"]`, or saved runs: `"DIR"` or `"DIR:PROGRAM"`.
        seed: Seed of the bootstrap.

    Raises:
        UserError: The two have no question in common or answered different questions, one is saved and the other is
            not, or a run does not exist.
        TypeError: An object is neither a result of one program nor the directory of a run.

    Example:
        >>> import dspy
        >>> from openmedlm import CoT, ZeroShot, compare, evaluate, load_benchmark
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> result = evaluate([CoT(), ZeroShot()], load_benchmark("mmlu", "sample").dev, progress=False)
        >>> compare(result["cot"], result["zero-shot"]).comparison.n
        12
    """
    if isinstance(a, str | Path) and isinstance(b, str | Path):
        (pair,) = compare_runs([str(a), str(b)], only_common=False, seed=seed)
        return ProgramComparison(str(pair.first), str(pair.second), pair.comparison, pair.bootstrap)
    for side in (a, b):
        if not isinstance(side, ProgramResult | str | Path):
            raise TypeError(
                f"not a result in compare: {type(side).__name__}. Pass the result of one program, such as "
                'result["cot"], or the directory of a saved run.'
            )
    if not isinstance(a, ProgramResult) or not isinstance(b, ProgramResult):
        run = b if isinstance(a, ProgramResult) else a
        raise UserError(
            f"a saved run and an unsaved result in compare: the run is {run}. Save the result with result.save(DIR), "
            "and compare the two runs."
        )
    shared = pair_outcomes(a.outcomes, b.outcomes)
    if not shared.pairs:
        raise UserError(
            f"no question in common in compare: {a.program} and {b.program}. Evaluate both on the same questions."
        )
    if shared.only_first or shared.only_second:
        raise UserError(
            f"different questions in compare: {shared.only_first:,} only in {a.program}, {shared.only_second:,} only "
            f"in {b.program}. Evaluate both on the same questions."
        )
    interval = paired_bootstrap(shared.first, shared.second, shared.clusters, seed=seed)
    return ProgramComparison(a.program, b.program, compare_correct(shared.first, shared.second), interval)
