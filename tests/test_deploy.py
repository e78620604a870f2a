"""What docs/deploy holds passes its validators, and its commands are ours."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pydantic
import pytest
import typer
import yaml

from openmedlm.cli.main import commands
from tests.support.kuberay import RayJob

FOLDER = Path(__file__).parents[1] / "docs" / "deploy"
KUBERNETES = "1.30"


def test_the_compose_file_is_one() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = subprocess.run([*command, FOLDER / "compose.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_job_is_one() -> None:
    manifest, policy = yaml.safe_load_all((FOLDER / "rayjob.yaml").read_text())
    cluster = RayJob.model_validate(manifest).spec.ray_cluster_spec
    assert cluster is not None
    assert cluster.auth_options is not None
    assert cluster.auth_options.mode == "token"
    kubernetes_validate.validate(policy, KUBERNETES, strict=True)
    templates = [cluster.head_group_spec.template, *(group.template for group in cluster.worker_group_specs)]
    for number, template in enumerate(templates):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, **template}
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_a_wrong_job_would_be_refused() -> None:
    manifest, _ = yaml.safe_load_all((FOLDER / "rayjob.yaml").read_text())
    manifest["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["minReplica"] = 4
    manifest["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] = 0
    with pytest.raises(pydantic.ValidationError, match="2 validation errors"):
        RayJob.model_validate(manifest)


def test_a_wrong_pod_would_be_refused() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [{"nam": "x"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_the_batch_script_is_bash() -> None:
    done = subprocess.run(["bash", "-n", FOLDER / "tune.slurm"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("code", "requeued"), [(0, False), (2, False), (130, True)])
def test_the_batch_script_goes_on_another_time_where_the_clock_stopped_it(
    code: int, requeued: bool, tmp_path: Path
) -> None:
    for name, does in {
        "openssl": "echo key",
        "vllm": "exec sleep 60",
        "curl": "exit 0",
        "srun": f'echo "$OPENMEDLM_STORE $*" > ran; exit {code}',
        "scontrol": 'echo "$*" > requeued',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    given = {
        "SLURM_JOB_ID": "7",
        "SLURM_CPUS_PER_TASK": "16",
        "SLURM_SUBMIT_DIR": "/there",
        "STORE": "postgresql://h/n",
    }
    environment = {**given, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", FOLDER / "tune.slurm"], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code
    assert (
        (tmp_path / "ran")
        .read_text()
        .startswith("postgresql://h/n --overlap --ntasks=1 --cpus-per-task=16 openmedlm tune")
    )
    assert (tmp_path / "requeued").exists() == requeued


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
