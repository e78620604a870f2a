"""Tests of several addresses for one model, on the command line and in a configuration file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import ModelServer


@pytest.mark.parametrize("source", ["options", "list", "one"])
def test_replicas_share_requests_and_cache(
    source: str, openmedlm: Callable, server: ModelServer, tmp_path: Path
) -> None:
    with ModelServer() as other:
        addresses = [server.base_url] if source == "one" else [server.base_url, other.base_url]
        options = [part for address in addresses for part in ("--api-base", address)]
        if source != "options":
            (tmp_path / "o.yaml").write_text(f"api_base: {addresses if source == 'list' else addresses[0]}\n")
            options = ["--config", "o.yaml"]
        command = ("evaluate", "zero-shot", "-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--json")
        ended = openmedlm(*command, *options)
        assert ended.code == 0
        calls = (len(server.requests), len(other.requests))
        assert sum(calls) == ended.json["runs"][0]["calls"] > 0
        assert (min(calls) > 0) == (source != "one")
        again = openmedlm(*command, "--api-base", server.base_url)
        assert (again.code, again.json["runs"][0]["correct"]) == (0, ended.json["runs"][0]["correct"])
        assert (len(server.requests), len(other.requests)) == calls, "the votes are cached under the first address"
