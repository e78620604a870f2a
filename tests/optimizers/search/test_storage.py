import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import optuna
import pytest

from openmedlm.data import UserError
from openmedlm.optimizers.search.storage import open_storage
from openmedlm.utils.urls import scrubbed, shown_url


@pytest.mark.parametrize("url", ["sqlite:///{}/study.db", "journal:{}/study.log", "journal://{}/study.log"])
def test_reopened_storage_has_the_same_study(url: str, tmp_path: Path) -> None:
    url = url.format(tmp_path)
    study = optuna.create_study(storage=open_storage(url), study_name="s")
    study.set_user_attr("note", "something")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    again = optuna.load_study(storage=open_storage(url), study_name="s")
    assert again.user_attrs["note"] == "something"
    assert [trial.value for trial in again.trials] == [trial.value for trial in study.trials]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "not a storage URL"),
        ("journal:", "no file"),
        ("journal:/no/such/folder/study.log", "unusable journal"),
        ("sqlite:////no/such/folder/study.db", "cannot open"),
        ("postgresql://me:secret@127.0.0.1:1/studies", "cannot open"),
        ("oracle://me:secret@host/studies", "driver"),
        ("postgresql://me:secret@host:port/studies", "not a storage URL"),
    ],
)
def test_unusable_storage_is_one_line(url: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem) as error:
        open_storage(url)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


SECRET = "s3cret"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@host/x",
        "postgresql+psycopg://me:s:e@s3cret@host",
        "postgresql://me@srv:s3cret@host/x",
        "postgresql://host/x?user=me&password=s3cret",
        "postgresql:///x?host=/tmp&password=s3cret",
        "postgresql://me:two words s3cret@host/x",
        "postgresql://me:s3cret%21@host/x",
        "postgres//me:s3cret@host",
        "postgresql:/me:s3cret@host",
        "mysql://me:s3cret/x@host/x",
    ],
)
def test_open_storage_error_never_shows_a_password(url: str) -> None:
    assert SECRET not in shown_url(url)
    assert shown_url(url).startswith(url[:5])
    assert SECRET not in scrubbed(f"failed for {url}, {unquote(url)} [SQL: INSERT {SECRET}]", url)
    with pytest.raises(UserError) as error:
        open_storage(url.replace("@host", "@127.0.0.1:1"))
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "url", ["sqlite:///a:b@c.db", "journal:a:b@c.log", "postgresql://host/x", "postgresql://me@host/x"]
)
def test_shown_url_without_password_is_unchanged(url: str) -> None:
    assert shown_url(url) == url


def test_concurrent_workers_create_one_database(tmp_path: Path) -> None:
    code = (
        "import sys, optuna\nfrom openmedlm.optimizers.search.storage import open_storage\n"
        "sys.stdin.readline()\n"
        "optuna.create_study(storage=open_storage(sys.argv[1]), study_name='s', load_if_exists=True)\n"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/study.db"]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors


def test_open_storage_keeps_a_foreign_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("my notes, which are long enough to be taken for a database")
    with pytest.raises(UserError, match="cannot open"):
        open_storage(f"sqlite:///{file}")
    assert file.read_text().startswith("my notes")


def test_open_storage_loads_no_extra_driver() -> None:
    code = "import sys, openmedlm.optimizers.search.storage; assert 'psycopg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
