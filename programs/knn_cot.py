import dspy

from openmedlm.programs.knn_strategy import KNNStrategy


class KNNCoT(KNNStrategy):
    """Chain of thought after the worked exemplars nearest to the question (OpenMedLM; Medprompt, arXiv 2311.16452).

    `KNNFewShot` sets the pool.

    Example:
        >>> KNNCoT().name
        'knn-cot'
    """

    strategy_name = "knn-cot"
    predictor_class = dspy.ChainOfThought
