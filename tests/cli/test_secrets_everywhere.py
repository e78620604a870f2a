"""Tests that an API key never reaches files, output, or the process table."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from model_server import ModelServer, Reply
from warm import WarmStart

KEY = "sk-planted-0123456789abcdef"
MODEL = ("-m", "hosted_vllm/small", "-b", "mmlu", "--data-dir", "sample")


@pytest.mark.parametrize("source", ["environment", ".env"])
def test_api_key_is_in_no_file_output_or_command_line(
    source: str, server: ModelServer, warm: WarmStart, tmp_path: Path
) -> None:
    server.reply = lambda asked: Reply("So it is.\n\nAnswer: B")
    environment = {name: value for name, value in os.environ.items() if name != "HOSTED_VLLM_API_KEY"}
    environment |= {"XDG_DATA_HOME": str(tmp_path / "data-home"), "XDG_CACHE_HOME": str(tmp_path / "cache-home")}
    if source == ".env":
        (tmp_path / ".env").write_text(f"HOSTED_VLLM_API_KEY={KEY}\n")
    else:
        environment["HOSTED_VLLM_API_KEY"] = KEY
    shown: list[str] = []

    def process(*arguments: str) -> None:
        command = [sys.executable, "-m", "openmedlm", *arguments, "--api-base", server.base_url]
        running = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        shown.append(Path(f"/proc/{running.pid}/cmdline").read_text())
        output, _ = running.communicate()
        shown.append(output)
        assert running.returncode in (0, 2, 3), output

    def forked(*arguments: str) -> None:
        running = warm.start(*arguments, cwd=tmp_path, env=environment)
        shown.extend(running.communicate(600))
        assert running.returncode in (0, 2, 3), shown[-2:]

    process("evaluate", "zero-shot", *MODEL, "-o", "run")
    if source == "environment":
        model = (*MODEL, "--api-base", server.base_url)
        (tmp_path / "space.yaml").write_text("strategy: [zero-shot, few-shot]")  # no pool is embedded
        forked("pool", *model, "--rounds", "1", "-o", "pool.jsonl")
        forked("compile", "-s", "zero-shot", *model, "-o", "program")
        forked("tune", *model, "--space", "space.yaml", "--trials", "3", "--block", "3", "-o", "study")
        forked("report", "run", "study", "-o", "page.html")
        forked("export", "program", "--to", "dspy", "-o", "export.json")
    server.reply = lambda asked: Reply(f"your key {asked.authorization} is not welcome", status=401)
    process("evaluate", "zero-shot", *MODEL, "--temperature", "0.9", "-o", "refused")
    assert {asked.authorization for asked in server.requests} == {f"Bearer {KEY}"}
    assert len(server.requests) > 12
    assert "is not welcome" in shown[-1]
    assert not [text for text in shown if KEY in text]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert len(written) > 5
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
