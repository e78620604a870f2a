import dspy

from openmedlm.programs.strategy import Strategy


class FewShotCoT(Strategy):
    """Chain of thought after the same worked exemplars for every question (Wei et al., arXiv 2201.11903).

    `RandomFewShot` selects the exemplars. Without exemplars the program is a zero-shot one, and is named `cot`.

    Example:
        >>> FewShotCoT().name
        'cot'
    """

    strategy_name = "few-shot-cot"
    predictor_class = dspy.ChainOfThought
