import dspy

from openmedlm.programs.knn_strategy import KNNStrategy


class KNNPredict(KNNStrategy):
    """The exemplars nearest to the question, each with its letter; `KNNFewShot` sets the pool.

    Example:
        >>> KNNPredict().name
        'knn-few-shot'
    """

    strategy_name = "knn-few-shot"
    predictor_class = dspy.Predict
