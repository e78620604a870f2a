import dspy

from openmedlm.programs.knn_strategy import NearestStrategy


class KNNFewShot(NearestStrategy):
    """The exemplars nearest to the question, each with its letter; `NearestFewShot` gives it its pool."""

    name = "knn-few-shot"
    module = dspy.Predict
