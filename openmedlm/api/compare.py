"""Compare two programs from Python."""

from dataclasses import dataclass
from typing import TypeAlias

from openmedlm.metrics import Comparison, Interval, paired_bootstrap
from openmedlm.metrics import compare as compare_correct
from openmedlm.metrics.pairing import pair_outcomes
from openmedlm.runs.compare import compare_runs
from openmedlm.runs.execute import ProgramResult
from openmedlm.utils.errors import UserError

Side: TypeAlias = "ProgramResult | str"


@dataclass(frozen=True, slots=True)
class ProgramComparison:
    """Difference between two programs on the questions that both answered.

    Attributes:
        a, b: Names of the programs.
        comparison: Accuracy of both, their difference (a − b, as a share of questions) with its 95 % interval, the
            p-value of the exact paired test, and the minimum detectable effect.
        bootstrap: 95 % interval of the difference by paired bootstrap over clusters of questions; None where all
            questions are in one cluster.
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


def compare(a: Side, b: Side, *, seed: int = 0) -> ProgramComparison:
    """Compare two programs question by question with an exact paired test.

    Args:
        a, b: Results of `evaluate`, such as `result["cot"]`, or saved runs: `"DIR"` or `"DIR:PROGRAM"`.
        seed: Seed of the bootstrap.

    Raises:
        UserError: The two have no question in common, were asked different questions, or a run does not exist.

    Example:
        >>> import dspy
        >>> from openmedlm import CoT, ZeroShot, compare, evaluate, load_benchmark
        >>> dspy.configure(lm=dspy.LM("openai/NAME", api_base="http://127.0.0.1:8000/v1", api_key="-"))
        >>> result = evaluate([CoT(), ZeroShot()], load_benchmark("mmlu", "sample").dev, progress=False)
        >>> compare(result["cot"], result["zero-shot"]).comparison.n
        12
    """
    if isinstance(a, str) and isinstance(b, str):
        (pair,) = compare_runs([a, b], only_common=False, seed=seed)
        return ProgramComparison(str(pair.first), str(pair.second), pair.comparison, pair.bootstrap)
    if isinstance(a, str) or isinstance(b, str):
        raise UserError(
            "compare takes two results of evaluate or two saved runs; save the result first: result.save(DIR)"
        )
    shared = pair_outcomes(a.outcomes, b.outcomes)
    if not shared.pairs:
        raise UserError(f"{a.program} and {b.program} have no question in common")
    if shared.only_first or shared.only_second:
        raise UserError(
            f"{a.program} and {b.program} were asked different questions: {shared.only_first:,} only {a.program}, "
            f"{shared.only_second:,} only {b.program}; evaluate both on the same questions"
        )
    interval = paired_bootstrap(shared.first, shared.second, shared.clusters, seed=seed)
    return ProgramComparison(a.program, b.program, compare_correct(shared.first, shared.second), interval)
