"""Runs that end with unanswered questions: exit code, and the count of each cause."""

from collections.abc import Callable

import pytest
from model_server import Asked, ModelServer, Reply

from openmedlm.data import load_split


@pytest.mark.parametrize("command", [("evaluate", "zero-shot"), ("ladder", "--strategies", "zero-shot")])
def test_unanswered_questions_are_counted_by_cause(
    command: tuple[str, ...], openmedlm: Callable, server: ModelServer, hosted: tuple[str, ...]
) -> None:
    questions = load_split("mmlu", "dev", "sample")
    kinds = dict(zip((each.question for each in questions), ["refused", "refused", "unparsed"], strict=False))

    def reply(asked: Asked) -> Reply:
        kind = next((kind for text, kind in kinds.items() if text in asked.question), "")
        if kind == "refused":
            return Reply(raw=b'{"error": {"message": "too long for me"}}', status=400)
        return Reply("Hard to say." if kind else "A")

    server.reply = reply
    options = (*hosted, "--split", "dev", "--on-unparsed", "skip", "-o", "run")
    ended = openmedlm(*command, *options)
    assert ended.code == 3
    refused, unparsed = ended.err.splitlines()[-2:]
    assert refused.startswith("2 questions")
    assert "HTTP 400: too long for me" in refused
    assert unparsed.startswith("1 question ")
    assert "no answer letter" in unparsed
    assert len(questions) > len(kinds)

    server.reply = lambda asked: Reply("A")
    again = openmedlm(*command, *options)
    assert again.code == 3, "the completions of the first run are cached"
    assert "HTTP 400" not in again.err
