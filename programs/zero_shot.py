import dspy

from openmedlm.programs.strategy import Strategy


class ZeroShot(Strategy):
    """The question alone, answered with a letter: the baseline.

    Example:
        >>> ZeroShot().prompt_program().strategy
        'zero-shot'
    """

    strategy_name = "zero-shot"
    predictor_class = dspy.Predict
