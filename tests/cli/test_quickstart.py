from collections.abc import Callable
from typing import Any

import pytest
from model_server import ModelServer, Reply


def test_quickstart_strips_escape_sequences_of_the_endpoint(
    openmedlm: Callable[..., Any], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    server.reply = lambda _: Reply("A") if len(server.requests) > 1 else Reply("no [red]\x1b]0;title\x07", status=400)
    ended = openmedlm("quickstart", "-m", "openai/small", "--max-calls", 12)
    assert "No answer: " in ended.out
    assert "[red]]0;title" in ended.out
    assert not set("\x1b\x07") & set(ended.out)
