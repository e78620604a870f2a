import dspy

from openmedlm.programs.strategy import Strategy


class CoT(Strategy):
    """Zero-shot chain of thought (Kojima et al., arXiv 2205.11916): the model reasons, then names the letter.

    Example:
        >>> CoT().reasoning
        True
    """

    strategy_name = "cot"
    predictor_class = dspy.ChainOfThought
