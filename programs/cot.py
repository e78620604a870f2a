import dspy

from openmedlm.programs.strategy import Strategy


class CoT(Strategy):
    """Zero-shot chain of thought (Kojima et al., arXiv 2205.11916): the model reasons, then names the letter."""

    name = "cot"
    module = dspy.ChainOfThought
