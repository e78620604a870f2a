"""Processes that search one study: trials of dead workers are repeated, those of live workers are not."""

import socket
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import TrialState

from openmedlm.optimizers.search.storage import WORKER_TIMEOUT_SECONDS
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.locks import is_locked, locked

_WORKER = "worker"
_IDENTITY = ".home"
"""File that distinguishes a folder from others of its name: on other machines, of other users, in other containers."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that searches a study.

    Attributes:
        location: Machine and lock folder. Locks show which workers of the same location are alive.
        name: Name of its lock in the folder.
        folder: Folder in which every worker of this location holds a lock while it lives.
    """

    location: str
    name: str
    folder: Path

    def mark(self, trial: optuna.Trial) -> None:
        """Record that this worker runs the trial."""
        trial.set_user_attr(_WORKER, [self.location, self.name])


@contextmanager
def register_worker(folder: Path) -> Iterator[Worker]:
    """Register this process as a worker while the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    worker = Worker(f"{socket.gethostname()} {_identity(folder)}", uuid.uuid4().hex, folder)
    lock = folder / worker.name
    try:
        with locked(lock):
            yield worker
    finally:
        lock.unlink(missing_ok=True)


def fail_orphaned_trials(study: optuna.Study, worker: Worker) -> int:
    """Mark the running trials of dead workers of the same location as failed, so that they are repeated.

    Trials of other locations are failed by Optuna's heartbeat, where the storage has one.

    Returns:
        Number of trials marked.
    """
    others = (path for path in worker.folder.iterdir() if not path.name.startswith((worker.name, ".")))
    others_alive = any(is_locked(path) for path in others)
    failed = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        location, name = trial.user_attrs.get(_WORKER, (worker.location, None))
        # A trial without an owner either lost its worker before it was marked, or another worker is just starting it.
        alive = others_alive if name is None else _alive(worker.folder / name)
        if location == worker.location and not alive:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            failed += 1
    return failed


def wait_for_others(
    study: optuna.Study,
    worker: Worker,
    poll_seconds: float = 1.0,
    should_stop: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until no trial is running, so that all workers of a study choose among the same trials.

    Meanwhile `fail_orphaned_trials` and Optuna's heartbeat fail the trials of dead workers. Where neither can decide,
    the wait ends after `WORKER_TIMEOUT_SECONDS` without progress.

    Args:
        study: The shared study.
        worker: This worker.
        poll_seconds: Interval between two checks.
        should_stop: Ends the wait as soon as it returns a true value.
        clock: Monotonic clock, in seconds.
    """
    last: list[tuple[int, int]] = []
    last_change = clock()
    while running := study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        progress = [(trial.number, len(trial.user_attrs)) for trial in running]
        if progress != last:
            last, last_change = progress, clock()
        if should_stop() or clock() - last_change > WORKER_TIMEOUT_SECONDS:
            return
        fail_orphaned_trials(study, worker)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)
        time.sleep(poll_seconds)


def _alive(lock: Path) -> bool:
    return lock.exists() and is_locked(lock)


def _identity(folder: Path) -> str:
    file = folder / _IDENTITY
    with locked(folder / f"{_IDENTITY}.lock"):
        if not file.exists():
            write_atomically(file, [uuid.uuid4().hex.encode()])
    return file.read_text()
