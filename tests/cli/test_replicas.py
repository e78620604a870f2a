"""Several addresses for one model on the command line, and in a file of options."""

from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import ModelServer


@pytest.mark.parametrize("how", ["options", "list", "one"])
def test_replicas_share_the_calls(how: str, openmedlm: Callable, server: ModelServer, tmp_path: Path) -> None:
    with ModelServer() as other:
        addresses = [server.base_url] if how == "one" else [server.base_url, other.base_url]
        given = [part for address in addresses for part in ("--api-base", address)]
        if how != "options":
            (tmp_path / "o.yaml").write_text(f"api_base: {addresses if how == 'list' else addresses[0]}\n")
            given = ["--config", "o.yaml"]
        what = ("evaluate", "zero-shot", "-b", "mmlu", "--data-dir", "sample", "-m", "hosted_vllm/small", "--json")
        ended = openmedlm(*what, *given)
        assert ended.code == 0
        calls = (len(server.requests), len(other.requests))
        assert sum(calls) == ended.json["runs"][0]["calls"] > 0
        assert (min(calls) > 0) == (how != "one")
        again = openmedlm(*what, "--api-base", server.base_url)
        assert (again.code, again.json["runs"][0]["correct"]) == (0, ended.json["runs"][0]["correct"])
        assert (len(server.requests), len(other.requests)) == calls, "the first address alone finds the votes again"
