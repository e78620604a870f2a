import dspy

from openmedlm.programs.strategy import Strategy


class FewShot(Strategy):
    """The same exemplars before every question, each with its letter; `RandomFewShot` chooses them."""

    name = "few-shot"
    module = dspy.Predict
