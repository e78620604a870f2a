import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from data import BadInput
from optimizers.tuning.storage import open_storage, without_password


@pytest.mark.parametrize("url", ["sqlite:///{}/study.db", "journal:{}/study.log", "journal://{}/study.log"])
def test_a_study_is_there_again_when_it_is_opened_again(url: str, tmp_path: Path) -> None:
    url = url.format(tmp_path)
    study = optuna.create_study(storage=open_storage(url), study_name="s")
    study.set_user_attr("said", "something")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    again = optuna.load_study(storage=open_storage(url), study_name="s")
    assert again.user_attrs["said"] == "something"
    assert [trial.value for trial in again.trials] == [trial.value for trial in study.trials]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a storage"),
        ("journal:", "names no file"),
        ("journal:/no/such/folder/study.log", "not a usable journal"),
        ("sqlite:////no/such/folder/study.db", "can't be opened"),
        ("postgresql://me:secret@127.0.0.1:1/studies", "can't be opened"),
        ("oracle://me:secret@host/studies", "driver"),
    ],
)
def test_a_storage_that_can_not_be_used_is_told_in_one_line(url: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as told:
        open_storage(url)
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host/x", "postgresql://me:***@host/x"),
        ("postgresql+psycopg://me:s:e@cret@host", "postgresql+psycopg://me:***@host"),
        ("sqlite:///a:b@c.db", "sqlite:///a:b@c.db"),
        ("failed for mysql://u:p@h/d at once", "failed for mysql://u:***@h/d at once"),
    ],
)
def test_passwords_are_left_out(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("my notes, which are long enough to be taken for a database")
    with pytest.raises(BadInput, match="can't be opened"):
        open_storage(f"sqlite:///{file}")
    assert file.read_text().startswith("my notes")


def test_opening_a_storage_loads_no_driver_that_is_not_needed() -> None:
    code = "import sys, optimizers.tuning.storage; assert 'psycopg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
