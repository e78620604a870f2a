import io
import sys

import pytest

from openmedlm.metrics import Outcome
from openmedlm.terminal.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_name_is_printed_without_control_characters(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    with Progress() as progress:
        progress.start_program("[red]a[/b]\x1b]0;title\x07", 1)
        progress.on_outcome(Outcome("q", "mine", None, "A", "A"))
    assert "[red]a[/b]" in written.getvalue()
    assert not {"\x1b]", "\x07"} & {
        written.getvalue()[n : n + size] for n in range(len(written.getvalue())) for size in (1, 2)
    }


def test_progress_counts_answered_and_correct_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with Progress() as progress:
        progress.start_program("zero-shot", 3)
        for number, answer in enumerate("ABB"):
            progress.on_outcome(Outcome(f"q{number}", "mine", None, "A", answer))
    assert written.getvalue().startswith("zero-shot: 3/3 questions, 33.3% correct (6.1–79.2%)")
    assert written.getvalue().endswith("0 s left\n")
