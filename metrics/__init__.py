"""Reading answers, counting votes, and the numbers that follow."""

from metrics.comparison import Comparison, compare
from metrics.intervals import Interval, wilson_interval
from metrics.outcome import Failure, How, Outcome, Status, Vote
from metrics.paired import Paired, difference_interval, mcnemar, minimum_detectable_effect, paired
from metrics.reading import Reading, read_answer
from metrics.resizing import resized
from metrics.summary import Score, Summary, summarise
from metrics.voting import Majority, decided, majority, votes_needed

__all__ = [
    "Comparison",
    "Failure",
    "How",
    "Interval",
    "Majority",
    "Outcome",
    "Paired",
    "Reading",
    "Score",
    "Status",
    "Summary",
    "Vote",
    "compare",
    "decided",
    "difference_interval",
    "majority",
    "mcnemar",
    "minimum_detectable_effect",
    "paired",
    "read_answer",
    "resized",
    "summarise",
    "votes_needed",
    "wilson_interval",
]
