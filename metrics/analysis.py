"""Analysis of the votes of a run: position bias, ensemble size, agreement, calibration, parsing rules."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.accuracy import Tally, weighted_macro_f1
from openmedlm.metrics.agreement import Agreement, AgreementTally
from openmedlm.metrics.calibration import Calibration, calibration
from openmedlm.metrics.ensemble_size import SizeResult, SizesTally
from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.position_bias import PositionBias, PositionTally
from openmedlm.metrics.voting import majority


@dataclass(frozen=True, slots=True)
class Analysis:
    """Statistics of a run beyond its accuracy.

    Attributes:
        macro_f1: Mean F1 over the gold letters, for benchmarks whose letters are classes, such as PubMedQA.
        position: Recall by the letter at which the right option was shown.
        sizes: Accuracy by ensemble size; one entry if there is one vote per question.
        agreement: Agreement of the votes; None if no question has several parsed votes.
        calibration: Vote share as a probability of being right; None if no question has several parsed votes.
        rules: Parsing rule to the number of votes that it decided, and how many of those were the gold letter.
    """

    macro_f1: float | None
    position: PositionBias
    sizes: tuple[SizeResult, ...]
    agreement: Agreement | None
    calibration: Calibration | None
    rules: dict[str, tuple[int, int]]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values, under their own names."""
        return asdict(self)


def analyse(outcomes: Iterable[Outcome]) -> Analysis:
    """Return the analysis of a run's outcomes.

    Example:
        >>> from openmedlm.metrics import Vote
        >>> vote = Vote(sample=0, letter="A", rule="lone letter", text="A")
        >>> analyse([Outcome("q1", "mine", None, gold="A", answer="A", votes=(vote,))]).rules
        {'lone letter': (1, 1)}
    """
    tally = AnalysisTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


class AnalysisTally:
    """Running count for `analyse`, one outcome at a time."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str | None]] = Counter()
        self._position = PositionTally()
        self._sizes = SizesTally()
        self._agreement = AgreementTally()
        self._shares: list[float] = []
        self._correct: list[bool] = []
        self._rules: dict[str, Tally] = defaultdict(Tally)

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of one question."""
        self._answers[outcome.gold, outcome.answer] += 1
        self._position.add(outcome)
        self._sizes.add(outcome)
        votes = majority([vote.letter for vote in outcome.votes])
        self._agreement.add(votes)
        if outcome.answer is not None and sum(votes.counts.values()) > 1:
            self._shares.append(votes.share)
            self._correct.append(outcome.correct)
        for vote in outcome.votes:
            if vote.error is None:
                self._rules[vote.rule].add(vote.letter == outcome.gold)

    def result(self) -> Analysis:
        """Return the result over the outcomes so far."""
        ranked = sorted(self._rules.items(), key=lambda pair: -pair[1].n)
        return Analysis(
            macro_f1=weighted_macro_f1(self._answers),
            position=self._position.result(),
            sizes=tuple(self._sizes.result()),
            agreement=self._agreement.result(),
            calibration=calibration(self._shares, self._correct) if self._shares else None,
            rules={rule: (tally.n, tally.correct) for rule, tally in ranked},
        )
