import dspy

from openmedlm.programs.knn_strategy import KNNStrategy


class KNNPredict(KNNStrategy):
    """The exemplars nearest to the question, each with its letter; `KNNPredict` gives it its pool."""

    name = "knn-few-shot"
    module = dspy.Predict
