import dspy

from openmedlm.programs.strategy import Strategy


class ZeroShot(Strategy):
    """The question alone, answered with a letter: the ladder's first rung."""

    name = "zero-shot"
    module = dspy.Predict
