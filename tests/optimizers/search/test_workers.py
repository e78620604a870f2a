import socket
import subprocess
import sys
import threading
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from openmedlm.optimizers.search.workers import fail_orphaned_trials, register_worker, wait_for_others


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study()


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.trials]


def test_trials_of_a_dead_worker_are_failed(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as gone:
        gone.mark(study.ask())
    with register_worker(tmp_path) as worker:
        assert fail_orphaned_trials(study, worker) == 1
    assert states(study) == [TrialState.FAIL]


def test_trials_of_a_live_worker_keep_running(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as other, register_worker(tmp_path) as worker:
        other.mark(study.ask())
        worker.mark(study.ask())
        assert fail_orphaned_trials(study, worker) == 0
    assert states(study) == [TrialState.RUNNING] * 2


def test_trials_of_another_location_keep_running(study: optuna.Study, tmp_path: Path) -> None:
    study.ask().set_user_attr("worker", [f"{socket.gethostname()} another folder", "12"])
    with register_worker(tmp_path) as worker:
        assert fail_orphaned_trials(study, worker) == 0


def test_unmarked_trial_of_a_lone_worker_is_failed(study: optuna.Study, tmp_path: Path) -> None:
    study.ask()
    with register_worker(tmp_path) as worker:
        with register_worker(tmp_path):
            assert fail_orphaned_trials(study, worker) == 0
        assert fail_orphaned_trials(study, worker) == 1


def test_killed_worker_counts_as_dead(study: optuna.Study, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from openmedlm.optimizers.search.workers import register_worker\n"
        "with register_worker(Path(sys.argv[1])) as worker:\n"
        "    print(worker.location, worker.name, sep='\\n', flush=True)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    study.ask().set_user_attr("worker", ended.stdout.splitlines())
    with register_worker(tmp_path) as worker:
        assert fail_orphaned_trials(study, worker) == 1


def test_concurrent_failing_of_orphans_is_safe(
    study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with register_worker(tmp_path) as gone:
        gone.mark(study.ask())
    both_saw = study.get_trials(states=(TrialState.RUNNING,))
    with monkeypatch.context() as patched, register_worker(tmp_path) as one, register_worker(tmp_path) as other:
        patched.setattr(study, "get_trials", lambda **_: both_saw)
        fail_orphaned_trials(study, one)
        fail_orphaned_trials(study, other)
    assert states(study) == [TrialState.FAIL]


def test_wait_for_others_waits_for_running_trials(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as other, register_worker(tmp_path) as worker:
        trial = study.ask()
        other.mark(trial)
        waiting = threading.Thread(target=wait_for_others, args=(study, worker, 0.01))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        study.tell(trial, 1.0)
        waiting.join(10)
        assert not waiting.is_alive()


def test_wait_for_others_fails_trials_of_dead_workers(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as gone:
        gone.mark(study.ask())
    with register_worker(tmp_path) as worker:
        wait_for_others(study, worker, 0.01)
    assert states(study) == [TrialState.FAIL]


def test_ended_worker_removes_its_lock(tmp_path: Path) -> None:
    with register_worker(tmp_path) as worker:
        alive = set(tmp_path.iterdir())
    assert {path.name for path in alive - set(tmp_path.iterdir())} == {worker.name}
