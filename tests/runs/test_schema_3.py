"""The run directory that release 0.1.0 wrote (schema 3), read by this release."""

import shutil
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from openmedlm.data import UserError
from openmedlm.inference import Policy
from openmedlm.metrics import summarise
from openmedlm.runs import check_free, read_run, read_sent, write_run

RELEASED = Path(__file__).parent / "released" / "0.1.0" / "run"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RELEASED, tmp_path / "run"))


def test_read_run_gives_the_results_of_its_outcomes() -> None:
    run = read_run(RELEASED)
    for row in run.results["runs"]:
        computed = summarise(run.outcomes[row["program"]], 0.0).as_json()
        del computed["seconds"]
        assert row == {"program": row["program"], "split": "test", **orjson.loads(orjson.dumps(computed))}
    assert [(row["n"], row["correct"], row["calls"]) for row in run.results["runs"]] == [(3, 0, 3), (3, 3, 9)]


def test_read_run_gives_current_names_and_values() -> None:
    run = read_run(RELEASED)
    assert run.config["policy"] == {"on_unparsed": "constrain", "max_resamples": 4, "all_votes": False}
    assert Policy(**run.config["policy"]).max_resamples == Policy().max_resamples
    assert run.timing["test_evaluations"] == 2
    assert [program["api_calls"] for program in run.timing["programs"].values()] == [3, 9]
    methods = {vote.method for outcomes in run.outcomes.values() for outcome in outcomes for vote in outcome.votes}
    assert methods == {"free"}


def test_read_sent_gives_a_prompt_for_every_vote() -> None:
    run, sent = read_run(RELEASED), read_sent(RELEASED)
    keys = [
        (program, outcome.question_id, vote.sample)
        for program, outcomes in run.outcomes.items()
        for outcome in outcomes
        for vote in outcome.votes
    ]
    assert list(sent.prompts.sent) == keys
    assert [question.id for question in sent.questions] == [each.question_id for each in run.outcomes["zero-shot"]]
    assert sent.prompts.prompt(keys[0])[0]["role"] == "system"


def test_write_run_of_a_read_run_gives_equal_objects(copied: Path) -> None:
    run, sent = read_run(copied), read_sent(copied)
    check_free(copied, run.config)
    write_run(run, sent.questions, ((key, sent.prompts.prompt(key)) for key in sent.prompts.sent))
    assert read_run(copied) == run
    assert read_sent(copied) == sent
    assert not (copied / "circumstances.json").exists()
    assert orjson.loads((copied / "manifest.json").read_bytes())["schema"] == 4


def test_check_free_refuses_another_old_run(copied: Path) -> None:
    with pytest.raises(UserError, match="another run"):
        check_free(copied, {**read_run(copied).config, "model": "hosted_vllm/large"})


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "circumstances.json").unlink(),
        lambda run: (run / "circumstances.json").write_bytes(b"[]"),
        lambda run: (run / "outcomes.parquet").write_bytes(b"PAR1"),
        lambda run: (run / "manifest.json").write_bytes(b'{"schema": 3}'),
        lambda run: (run / "manifest.json").write_bytes(b'{"schema": 3, "asked": 1, "results": {"runs": []}}'),
    ],
)
def test_read_run_of_damaged_old_run_is_one_line(copied: Path, damage: Callable[[Path], object]) -> None:
    damage(copied)
    with pytest.raises(UserError) as caught:
        read_run(copied)
    assert str(copied) in str(caught.value)
    assert "\n" not in str(caught.value)
