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


def test_trials_of_a_worker_that_is_gone_are_given_up(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as gone:
        gone.mark(study.ask())
    with register_worker(tmp_path) as worker:
        assert fail_orphaned_trials(study, worker) == 1
    assert states(study) == [TrialState.FAIL]


def test_trials_of_a_worker_that_lives_are_left_alone(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as other, register_worker(tmp_path) as worker:
        other.mark(study.ask())
        worker.mark(study.ask())
        assert fail_orphaned_trials(study, worker) == 0
    assert states(study) == [TrialState.RUNNING] * 2


def test_trials_of_a_worker_elsewhere_are_left_alone(study: optuna.Study, tmp_path: Path) -> None:
    study.ask().set_user_attr("worker", [f"{socket.gethostname()} another folder", "12"])
    with register_worker(tmp_path) as worker:
        assert fail_orphaned_trials(study, worker) == 0


def test_a_trial_that_was_never_marked_is_given_up_when_nobody_else_is_there(
    study: optuna.Study, tmp_path: Path
) -> None:
    study.ask()
    with register_worker(tmp_path) as worker:
        with register_worker(tmp_path):
            assert fail_orphaned_trials(study, worker) == 0
        assert fail_orphaned_trials(study, worker) == 1


def test_a_killed_worker_is_gone(study: optuna.Study, tmp_path: Path) -> None:
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


def test_two_that_find_the_dead_at_once_do_not_trip(
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


def test_one_waits_for_the_trials_of_others(study: optuna.Study, tmp_path: Path) -> None:
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


def test_one_does_not_wait_for_the_dead(study: optuna.Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as gone:
        gone.mark(study.ask())
    with register_worker(tmp_path) as worker:
        wait_for_others(study, worker, 0.01)
    assert states(study) == [TrialState.FAIL]


def test_a_worker_leaves_no_lock_behind(tmp_path: Path) -> None:
    with register_worker(tmp_path) as worker:
        alive = set(tmp_path.iterdir())
    assert {path.name for path in alive - set(tmp_path.iterdir())} == {worker.name}
