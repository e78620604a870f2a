"""A study in a real PostgreSQL server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from model_server import ModelServer
from postgres_server import PostgresServer
from student import Student

from openmedlm.data import load_split
from openmedlm.utils.urls import with_driver

Run = Callable[..., Any]


def test_study_in_postgresql_is_resumed(
    postgres: PostgresServer, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer, tmp_path: Path
) -> None:
    database = postgres.new_database()
    server.reply = Student(load_split("mmlu", "dev", "sample"))
    (tmp_path / "space.yaml").write_text("strategy: [zero-shot, few-shot]\nk: [1, 5]\nvotes: [1, 3]\n")
    command = ("tune", *hosted, "--space", "space.yaml", "--block", 3, "--storage", database, "-o", "out")
    assert openmedlm(*command, "--trials", 3).code == 0
    sent = len(server.requests)
    result = openmedlm(*command, "--trials", 6, "--json").json
    assert result["trials"]["complete"] + result["trials"]["pruned"] == 6
    assert len(server.requests) > sent
    assert not (tmp_path / "out/study.db").exists()
    assert openmedlm("verify", "out/program").code == 0
    elsewhere = openmedlm(*command[:-3], "sqlite:///here.db", "-o", "local", "--trials", 6, "--json").json
    for name in ("configuration", "search_set", "holdout", "exhaustive_calls"):
        assert elsewhere[name] == result[name]
    (summary,) = optuna.get_all_study_summaries(with_driver(database))
    assert summary.n_trials == 6
