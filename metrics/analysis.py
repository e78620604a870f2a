"""Beyond accuracy: what the votes of a run tell of the model and of the ensemble."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from openmedlm.metrics.accuracy import Tally
from openmedlm.metrics.agreement import Agreement, AgreementTally
from openmedlm.metrics.calibration import Calibration, calibration
from openmedlm.metrics.ensemble_size import SizeResult, SizesTally
from openmedlm.metrics.macro_averages import weighted_macro_f1
from openmedlm.metrics.outcome import Outcome
from openmedlm.metrics.position_bias import PositionBias, PositionTally
from openmedlm.metrics.voting import majority


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the votes tell.

    Attributes:
        macro_f1: over the gold letters; it means something where letters are classes, as PubMedQA's are.
        position: recall by the letter at which the right option was shown.
        sizes: accuracy by ensemble size; one point where there is one vote.
        agreement, calibration: of the votes, and of their share as a probability; None without a question that has
            several readable votes.
        rules: reading rule to the votes that it decided, and how many of those named the gold letter.
    """

    macro_f1: float | None
    position: PositionBias
    sizes: tuple[SizeResult, ...]
    agreement: Agreement | None
    calibration: Calibration | None
    rules: dict[str, tuple[int, int]]

    def as_json(self) -> dict[str, Any]:
        """The fields as plain JSON values, under their own names."""
        return asdict(self)


def analyse(outcomes: Iterable[Outcome]) -> Analysis:
    """The analysis of a run's outcomes."""
    tally = AnalysisTally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.result()


class AnalysisTally:
    """Counts what the analysis needs, outcome by outcome."""

    def __init__(self) -> None:
        self._answered: Counter[tuple[str, str | None]] = Counter()
        self._position = PositionTally()
        self._sizes = SizesTally()
        self._agreement = AgreementTally()
        self._shares: list[float] = []
        self._right: list[bool] = []
        self._rules: dict[str, Tally] = defaultdict(Tally)

    def add(self, outcome: Outcome) -> None:
        self._answered[outcome.gold, outcome.answer] += 1
        self._position.add(outcome)
        self._sizes.add(outcome)
        votes = majority([vote.letter for vote in outcome.votes])
        self._agreement.add(votes)
        if outcome.answer is not None and sum(votes.counts.values()) > 1:
            self._shares.append(votes.share)
            self._right.append(outcome.correct)
        for vote in outcome.votes:
            if vote.error is None:
                self._rules[vote.rule].add(vote.letter == outcome.gold)

    def result(self) -> Analysis:
        ranked = sorted(self._rules.items(), key=lambda pair: -pair[1].n)
        return Analysis(
            macro_f1=weighted_macro_f1(self._answered),
            position=self._position.result(),
            sizes=tuple(self._sizes.result()),
            agreement=self._agreement.result(),
            calibration=calibration(self._shares, self._right) if self._shares else None,
            rules={rule: (decided.n, decided.correct) for rule, decided in ranked},
        )
