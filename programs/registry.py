"""Names of the strategies, in the order of result tables. Importing this module does not import DSPy."""

from typing import Final, Literal, get_args

SingleStrategy = Literal["zero-shot", "few-shot", "cot", "few-shot-cot", "knn-few-shot", "knn-cot"]
"""Name of a strategy that answers with one completion."""

SINGLE_STRATEGIES: Final[tuple[SingleStrategy, ...]] = get_args(SingleStrategy)

ENSEMBLE: Final = "ensemble"

STRATEGIES: Final = (*SINGLE_STRATEGIES, ENSEMBLE)
"""All strategy names, in the order of the tables in the OpenMedLM paper."""

WITHOUT_EXEMPLARS: Final[tuple[SingleStrategy, ...]] = ("zero-shot", "cot")
"""Strategies whose prompts show no exemplars."""

ExemplarKind = Literal["none", "fixed", "retrieved"]
"""`fixed` exemplars are the same for every question; `retrieved` ones are the nearest to each question."""

_NAMES: dict[tuple[bool, ExemplarKind], SingleStrategy] = {
    (False, "none"): "zero-shot",
    (False, "fixed"): "few-shot",
    (True, "none"): "cot",
    (True, "fixed"): "few-shot-cot",
    (False, "retrieved"): "knn-few-shot",
    (True, "retrieved"): "knn-cot",
}


def derive_strategy_name(*, reasoning: bool, exemplars: ExemplarKind) -> SingleStrategy:
    """Return the name of the strategy whose prompts show this.

    Args:
        reasoning: Whether the model reasons before it answers.
        exemplars: Kind of exemplars in the prompts.

    Example:
        >>> derive_strategy_name(reasoning=True, exemplars="fixed")
        'few-shot-cot'
    """
    return _NAMES[reasoning, exemplars]
