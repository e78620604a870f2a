"""Studies that earlier releases wrote."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from model_server import ModelServer

from openmedlm.data import UserError
from openmedlm.report.study_section import read_studies
from openmedlm.tuning.read import SCHEMA_VERSION, read_result

Run = Callable[..., Any]
RELEASED = Path(__file__).parent / "released" / "0.1.0" / "tuned"


def test_released_study_is_read_with_the_present_names() -> None:
    (study,) = read_studies(RELEASED)
    old = orjson.loads((RELEASED / "tuning.json").read_bytes())
    new = study.result
    assert new["schema_version"] == SCHEMA_VERSION
    assert new["search_set"] == old["tune"]
    assert new["holdout"]["n"] == old["select"]["n"] == 6
    assert new["baseline"] == old["untuned"]
    assert new["vs_baseline"] == old["against_untuned"]
    assert new["exhaustive_calls"] == old["plain_calls"] == 48
    assert new["trials"] == {"complete": 4, "pruned": 0, "failed": 0}
    assert new["curve"][0]["votes_requested"] == 1.0
    assert new["holdout"]["analysis"]["sizes"][0]["api_calls"] == 1.0
    assert new["holdout"]["by_subject"] == old["select"]["by_subject"]
    assert new["configuration"] == old["configuration"]
    assert {row["state"] for row in study.trials} == {"complete"}
    assert [row["votes_requested"] for row in study.trials] == [1.0] * 4
    text = orjson.dumps([new, study.trials]).decode()
    assert not [name for name in ("untuned", "plain_calls", "bought", "test_looks") if name in text]


def test_released_study_is_shown_on_the_page(openmedlm: Run) -> None:
    assert openmedlm("report", str(RELEASED), "-o", "report.html").code == 0
    page = Path("report.html").read_text()
    assert "knn-few-shot k=5" in page
    assert "baseline zero-shot, holdout set" in page


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, "2", None])
def test_unknown_schema_version_is_refused(version: object, tmp_path: Path) -> None:
    shutil.copytree(RELEASED, tmp_path / "study")
    result = orjson.loads((RELEASED / "tuning.json").read_bytes()) | {"schema_version": version}
    (tmp_path / "study/tuning.json").write_bytes(orjson.dumps(result))
    with pytest.raises(UserError, match=r"schema_version.*tuning\.json"):
        read_result(tmp_path / "study")


def as_release_0_1_0_wrote_it(database: Path) -> None:
    """Give the user attributes of a study the names and values of release 0.1.0."""
    with closing(sqlite3.connect(database)) as connection, connection:
        rows = connection.execute("SELECT key, value_json FROM study_user_attributes")
        attributes = {name: orjson.loads(value) for name, value in rows}
        spec = attributes["spec"]
        policy, max_resamples = spec.pop("on_unparsed")
        spec["unreadable"] = [{"resample": "again", "constrain": "close", "skip": "leave"}[policy], max_resamples + 1]
        for old, new in (("tune", "search_set"), ("select", "holdout")):
            spec[old] = spec.pop(new)
            attributes["questions"][old] = attributes["questions"].pop(new)
        connection.execute("UPDATE study_user_attributes SET key = 'asked' WHERE key = 'spec'")
        connection.execute("UPDATE study_user_attributes SET key = 'purpose' WHERE key = 'budget_id'")
        for name, value in (("asked", spec), ("questions", attributes["questions"])):
            connection.execute(
                "UPDATE study_user_attributes SET value_json = ? WHERE key = ?", (orjson.dumps(value).decode(), name)
            )


def test_study_of_release_0_1_0_resumes_with_its_count(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    assert openmedlm("tune", *hosted, "--trials", 2, "--block", 3, "-o", "old").code == 0
    begun = orjson.loads(Path("old/tuning.json").read_bytes())
    as_release_0_1_0_wrote_it(Path("old/study.db"))
    assert openmedlm("tune", *hosted, "--trials", 3, "--block", 3, "-o", "old").code == 0
    resumed = orjson.loads(Path("old/tuning.json").read_bytes())
    assert sum(resumed["trials"].values()) == 3
    assert resumed["calls"] == len(server.requests) > begun["calls"] > 0


def test_study_of_release_0_1_0_with_other_settings_is_refused(
    openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    assert openmedlm("tune", *hosted, "--trials", 1, "--block", 3, "-o", "old").code == 0
    as_release_0_1_0_wrote_it(Path("old/study.db"))
    sent = len(server.requests)
    refused = openmedlm("tune", *hosted, "--trials", 2, "--block", 3, "--max-resamples", 7, "-o", "old")
    assert refused.code == 2
    assert "on_unparsed" in refused.err
    assert "--study" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert len(server.requests) == sent
