"""Runs that end with questions left: the exit code, and each cause with its number."""

from collections.abc import Callable

import pytest
from model_server import Asked, ModelServer, Reply

from openmedlm.data import load_split


@pytest.mark.parametrize("command", [("evaluate", "zero-shot"), ("ladder", "--strategies", "zero-shot")])
def test_what_stayed_unanswered_is_summed_up_by_cause(
    command: tuple[str, ...], openmedlm: Callable, server: ModelServer, hosted: tuple[str, ...]
) -> None:
    questions = load_split("mmlu", "dev", "sample")
    kinds = dict(zip((each.question for each in questions), ["refused", "refused", "unread"], strict=False))

    def reply(asked: Asked) -> Reply:
        kind = next((kind for text, kind in kinds.items() if text in asked.question), "")
        if kind == "refused":
            return Reply(raw=b'{"error": {"message": "too long for me"}}', status=400)
        return Reply("Hard to say." if kind else "A")

    server.reply = reply
    options = (*hosted, "--split", "dev", "--on-unparsed", "skip", "-o", "run")
    ended = openmedlm(*command, *options)
    assert ended.code == 3
    assert ended.err.splitlines()[-2:] == [
        "2 questions without an answer: HTTP 400: too long for me",
        "1 question without an answer: no letter could be read",
    ]
    assert len(questions) > len(kinds)

    server.reply = lambda asked: Reply("A")
    again = openmedlm(*command, *options)
    assert again.code == 3, "what the model said is kept, whatever it would say now"
    assert "HTTP 400" not in again.err
