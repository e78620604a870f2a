"""One top-level name in a wheel, and no clash with packages of the user's own."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("data", "metrics", "programs", "optimizers")

SCRIPT = """
import data, metrics, optimizers, programs
import openmedlm
from openmedlm import Question, load_split, parse_answer, wilson_interval
from openmedlm.programs.cot import CoT
assert data.MINE and metrics.MINE and programs.MINE and optimizers.MINE
assert parse_answer("Answer: B", {"A": "x", "B": "y"}).letter == "B"
assert len(load_split("mmlu", "dev", "sample")) == 12
assert CoT().name == "cot"
"""


@pytest.fixture(scope="module")
def users_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose own modules have the names of the repository's folders."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("metrics", "optimizers"):
        (folder / f"{name}.py").write_text("MINE = True\n")
    for name in ("data", "programs"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("MINE = True\n")
    (folder / "script.py").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return out


def run(folder: Path, *command: str, **env: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**clean, "XDG_DATA_HOME": str(folder / ".home"), "LITELLM_LOCAL_MODEL_COST_MAP": "True", **env}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names_in(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        return archive.getnames()


def test_wheel_has_one_top_level_name(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"openmedlm"}


def test_wheel_holds_every_source_file(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    there = set(zipfile.ZipFile(wheel).namelist())
    folders = [ROOT / name for name in FOLDERS] + [ROOT / "openmedlm"]
    expected = {
        (f"{file.relative_to(ROOT)}" if folder.name == "openmedlm" else f"openmedlm/{file.relative_to(ROOT)}")
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert expected - there == set()


def test_sdist_carries_the_tests(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    names = {name.partition("/")[2] for name in names_in(sdist)}
    here = {str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("*.py")}
    assert here - names == set()


def test_links_are_relative() -> None:
    assert {name: str((ROOT / "openmedlm" / name).readlink()) for name in FOLDERS} == {
        name: f"../{name}" for name in FOLDERS
    }


@pytest.mark.parametrize("how", ["clone", "wheel"])
def test_users_own_modules_stay_theirs(how: str, users_folder: Path, built: Path, tmp_path: Path) -> None:
    target = ROOT
    if how == "wheel":
        (wheel,) = built.glob("*.whl")
        zipfile.ZipFile(wheel).extractall(tmp_path)
        target = tmp_path
    run(users_folder, sys.executable, "script.py", PYTHONPATH=str(target))
    for command in (["-m", "openmedlm"], ["-c", "from openmedlm.cli.main import run; run()"]):
        path = f"{users_folder}:{target}"
        assert "mmlu" in run(
            users_folder, sys.executable, *command, "data", "list", "--data-dir", "sample", PYTHONPATH=path
        )


def test_editable_install_leaves_users_modules(users_folder: Path) -> None:
    run(users_folder, sys.executable, "script.py")
    command = Path(sys.executable).with_name("openmedlm")
    assert "mmlu" in run(users_folder, str(command), "data", "list", "--data-dir", "sample", PYTHONPATH=".")
