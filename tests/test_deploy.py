"""Files of docs/deploy: they pass their validators, and their commands exist with the options that they use."""

import os
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

from openmedlm.cli.main import commands
from tests.support.kuberay import RayJob

FOLDER = Path(__file__).parents[1] / "docs" / "deploy"
KUBERNETES = "1.30"


def test_compose_file_passes_the_compose_schema() -> None:
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = subprocess.run([*command, FOLDER / "compose.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ray_job_passes_the_schemas_and_uses_tokens() -> None:
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


@pytest.mark.parametrize(("code", "requeued"), [(0, False), (2, False), (130, True)])
def test_slurm_script_requeues_only_an_interrupted_job(code: int, requeued: bool, tmp_path: Path) -> None:
    for name, line in {
        "openssl": "echo key",
        "vllm": "exec sleep 60",
        "curl": "exit 0",
        "srun": f'echo "$OPENMEDLM_STORE $*" > ran; exit {code}',
        "scontrol": 'echo "$*" > requeued',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    job = {
        "SLURM_JOB_ID": "7",
        "SLURM_CPUS_PER_TASK": "16",
        "SLURM_SUBMIT_DIR": "/there",
        "STORE": "postgresql://h/n",
    }
    environment = {**job, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", FOLDER / "tune.slurm"], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code
    assert (
        (tmp_path / "ran")
        .read_text()
        .startswith("postgresql://h/n --overlap --ntasks=1 --cpus-per-task=16 openmedlm tune")
    )
    assert (tmp_path / "requeued").exists() == requeued


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every `openmedlm` command with options in docs/deploy and four pages: its name, its words."""
    texts = [path.read_text() for path in sorted(FOLDER.iterdir())]
    texts += [(FOLDER.parent / name).read_text() for name in ("deploy.md", "models.md", "scaling.md", "tuning.md")]
    for text in texts:
        joined = re.sub(r"\\?\n\s+(?=--)|\\\n", " ", text)
        for match in re.finditer(r"\bopenmedlm ([a-z-]+)((?: [^\n`&']*?)?)(?=\s*(?:#|\n|`|&|'|$))", joined):
            words = shlex.split(match[2].replace("…", ""), comments=True)
            if any(word.startswith("--") for word in words):
                yield match[1], words


@pytest.mark.parametrize(("command", "words"), list(_commands()))
def test_documented_command_has_the_options_it_uses(command: str, words: list[str]) -> None:
    group: Any = commands()
    _, resolved, _ = group.resolve_command(typer.Context(group), [command])
    known = {option for parameter in resolved.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known
