import dspy

from openmedlm.programs.strategy import Strategy


class FewShot(Strategy):
    """The same exemplars before every question, each with its letter.

    `RandomFewShot` selects the exemplars. Without exemplars the program is a zero-shot one, and is named so.

    Example:
        >>> FewShot().name
        'zero-shot'
    """

    strategy_name = "few-shot"
    predictor_class = dspy.Predict
