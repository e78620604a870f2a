"""An API key appears in no output and no file, however it is sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Reply
from postgres_server import PostgresServer
from warm import Command

KEY = "sk-abcdef123456"


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "litellm"])
def test_api_key_echoed_by_endpoint_is_masked_everywhere(
    direct: bool, openmedlm: Callable[..., Any], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_BASE", server.base_url)

    def echoing(asked: Any) -> Reply:
        if len(server.requests) > 3:
            return Reply(f"bad key {asked.authorization}", status=400)
        return Reply("A")

    server.reply = echoing
    where = ("--api-base", server.base_url) if direct else ()
    options = ("-m", "openai/small", *where, "-b", "mmlu", "--data-dir", "sample", "--max-concurrency", 1)
    ended = openmedlm("evaluate", "zero-shot", *options, "-o", "run")
    assert ended.code == 3
    assert any(asked.authorization == f"Bearer {KEY}" for asked in server.requests)
    assert "bad key Bearer ***" in ended.err
    assert KEY not in ended.out + ended.err
    written = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert written
    assert not any(KEY.encode() in content for content in written)


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        (f"--api-key {KEY}", "OPENMEDLM_API_KEY"),
        (f"--api-key={KEY}", "OPENMEDLM_API_KEY"),
        ("--store URL", "OPENMEDLM_STORE"),
        ("--storage=URL", "OPENMEDLM_STORAGE"),
    ],
)
def test_ray_refuses_secrets_on_the_command_line(
    option: str, variable: str, server: ModelServer, postgres: PostgresServer, start_command: Callable[..., Command]
) -> None:
    url = postgres.new_database().replace("tester@", f"tester:{KEY}@")
    options = option.replace("URL", url).split()
    model = ("-m", "hosted_vllm/small", "--api-base", server.base_url, "-b", "mmlu", "--data-dir", "sample")
    command = ("tune", *model, "--engine", "ray", "--ray-address", "127.0.0.1:9", "-o", "out", *options)
    ended = start_command(*command)
    shown = "".join(ended.communicate(60))
    assert ended.returncode == 2
    assert variable in shown
    assert KEY not in shown
    assert server.requests == []
