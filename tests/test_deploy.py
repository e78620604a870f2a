"""What docs/deploy holds passes its validators, and its commands are ours."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from openmedlm.cli import commands

FOLDER = Path(__file__).parents[1] / "docs" / "deploy"
KUBERNETES = "1.30"


def test_the_compose_file_is_one() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = subprocess.run([*command, FOLDER / "compose.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_kubernetes_knows_of_the_job_is_valid() -> None:
    job, policy = yaml.safe_load_all((FOLDER / "rayjob.yaml").read_text())
    kubernetes_validate.validate(policy, KUBERNETES, strict=True)
    cluster = job["spec"]["rayClusterSpec"]
    templates = [cluster["headGroupSpec"]["template"], *(group["template"] for group in cluster["workerGroupSpecs"])]
    for number, template in enumerate(templates):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, **template}
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)
        names = {entry["name"] for entry in template["spec"]["containers"][0]["env"]}
        assert {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"} <= names


def test_a_wrong_pod_would_be_refused() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [{"nam": "x"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_the_batch_script_is_bash() -> None:
    done = subprocess.run(["bash", "-n", FOLDER / "tune.slurm"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Each of our commands that the folder and the documentation of scale run, as words."""
    texts = [path.read_text() for path in sorted(FOLDER.iterdir())]
    texts += [(FOLDER.parent / name).read_text() for name in ("deploy.md", "scaling.md", "tuning.md")]
    for text in texts:
        joined = re.sub(r"\\?\n\s+(?=--)|\\\n", " ", text)
        for found in re.finditer(r"\bopenmedlm ([a-z-]+)((?: [^\n`&']*?)?)(?=\s*(?:#|\n|`|&|'|$))", joined):
            words = shlex.split(found[2].replace("…", ""), comments=True)
            if any(word.startswith("--") for word in words):
                yield found[1], words


@pytest.mark.parametrize(("command", "words"), list(_commands()))
def test_its_commands_have_the_options_that_are_given(command: str, words: list[str]) -> None:
    group: Any = commands()
    _, found, _ = group.resolve_command(typer.Context(group), [command])
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known
