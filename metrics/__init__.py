"""Reading answers, counting votes, and the numbers that follow."""

from metrics.agreement import Agreement, agreement
from metrics.analysis import Analysis, analyse
from metrics.averages import macro_average, macro_f1
from metrics.bootstrap import paired_bootstrap
from metrics.calibration import Calibration, calibration
from metrics.clusters import clustered_standard_error
from metrics.comparison import Comparison, compare
from metrics.intervals import Interval, wilson_interval
from metrics.multiple import benjamini_hochberg
from metrics.outcome import Failure, How, Outcome, Status, Vote, outcome_of
from metrics.paired import (
    Paired,
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired,
)
from metrics.position import PositionBias, position_bias
from metrics.reading import Reading, read_answer
from metrics.resizing import resized
from metrics.score import Score, score
from metrics.sizes import Size, accuracy_by_size
from metrics.summary import Summary, summarise
from metrics.voting import Majority, decided, majority, votes_needed

__all__ = [
    "Agreement",
    "Analysis",
    "Calibration",
    "Comparison",
    "Failure",
    "How",
    "Interval",
    "Majority",
    "Outcome",
    "Paired",
    "PositionBias",
    "Reading",
    "Score",
    "Size",
    "Status",
    "Summary",
    "Vote",
    "accuracy_by_size",
    "agreement",
    "analyse",
    "benjamini_hochberg",
    "calibration",
    "clustered_standard_error",
    "compare",
    "decided",
    "difference_interval",
    "macro_average",
    "macro_f1",
    "majority",
    "mcnemar",
    "mcnemar_mid_p",
    "minimum_detectable_effect",
    "outcome_of",
    "paired",
    "paired_bootstrap",
    "position_bias",
    "read_answer",
    "resized",
    "score",
    "summarise",
    "votes_needed",
    "wilson_interval",
]
