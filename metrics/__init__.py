"""Answer parsing, votes, and statistics: pure functions on completions and outcomes."""

from openmedlm.metrics.accuracy import Score, macro_average, macro_f1, score
from openmedlm.metrics.agreement import Agreement, agreement
from openmedlm.metrics.analysis import Analysis, analyse
from openmedlm.metrics.answer_parsing import (
    CUT_OFF,
    ParsedAnswer,
    Thoughts,
    parse_answer,
    parse_completion,
    split_thoughts,
)
from openmedlm.metrics.bootstrap import paired_bootstrap
from openmedlm.metrics.calibration import Calibration, calibration
from openmedlm.metrics.clusters import clustered_standard_error
from openmedlm.metrics.comparison import Comparison, compare
from openmedlm.metrics.ensemble_size import SizeResult, accuracy_by_size, with_votes
from openmedlm.metrics.exact_match import exact_match
from openmedlm.metrics.intervals import Interval, wilson_interval
from openmedlm.metrics.multiple_testing import benjamini_hochberg
from openmedlm.metrics.outcome import Failure, Outcome, SampleMethod, Status, Vote, outcome_from_fields
from openmedlm.metrics.paired_tests import (
    PairedCounts,
    difference_interval,
    mcnemar,
    mcnemar_mid_p,
    minimum_detectable_effect,
    paired_counts,
)
from openmedlm.metrics.pairing import PairedOutcomes, pair_outcomes
from openmedlm.metrics.position_bias import PositionBias, position_bias
from openmedlm.metrics.summary import Summary, summarise
from openmedlm.metrics.voting import Majority, decided, majority, votes_needed

__all__ = [
    "CUT_OFF",
    "Agreement",
    "Analysis",
    "Calibration",
    "Comparison",
    "Failure",
    "Interval",
    "Majority",
    "Outcome",
    "PairedCounts",
    "PairedOutcomes",
    "ParsedAnswer",
    "PositionBias",
    "SampleMethod",
    "Score",
    "SizeResult",
    "Status",
    "Summary",
    "Thoughts",
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
    "exact_match",
    "macro_average",
    "macro_f1",
    "majority",
    "mcnemar",
    "mcnemar_mid_p",
    "minimum_detectable_effect",
    "outcome_from_fields",
    "pair_outcomes",
    "paired_bootstrap",
    "paired_counts",
    "parse_answer",
    "parse_completion",
    "position_bias",
    "score",
    "split_thoughts",
    "summarise",
    "votes_needed",
    "wilson_interval",
    "with_votes",
]
