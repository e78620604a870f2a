"""Studies that earlier releases wrote."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
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


def test_released_database_is_refused_in_one_line(openmedlm: Run, hosted: tuple[str, ...], server: ModelServer) -> None:
    Path("out").mkdir()
    study = optuna.create_study(
        storage="sqlite:///out/study.db", study_name="hosted_vllm/small on mmlu", direction="maximize"
    )
    study.set_user_attr("asked", {"openmedlm": "0.1.0", "model": "small", "benchmark": "mmlu"})
    refused = openmedlm("tune", *hosted, "--trials", 1, "-o", "out")
    assert refused.code == 2
    assert "openmedlm 0.1.0" in refused.err
    assert "--study" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not server.requests
