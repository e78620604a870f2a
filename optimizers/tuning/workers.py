"""Who works on a study, so that trials of those who died are repeated and nobody else's are."""

import socket
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import TrialState

from optimizers.tuning.storage import SILENT_AFTER_SECONDS
from programs.locks import is_locked, locked

_WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on a study.

    Attributes:
        name: of the process, on the machine of that name.
        folder: in which every worker on this machine holds a lock of its own for as long as it lives.
    """

    name: str
    folder: Path

    def mark(self, trial: optuna.Trial) -> None:
        """Notes that the trial is this worker's."""
        trial.set_user_attr(_WORKER, self.name)


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """A worker for as long as the context lasts, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    worker = Worker(f"{socket.gethostname()}-{uuid.uuid4().hex}", folder)
    lock = folder / worker.name
    try:
        with locked(lock):
            yield worker
    finally:
        lock.unlink(missing_ok=True)


def release(study: optuna.Study, worker: Worker) -> int:
    """Gives up the trials of workers on this machine that are gone; they count as failed, and are repeated.

    Those of other machines are given up by Optuna's heartbeat, where the storage has one.

    Returns:
        How many were given up.
    """
    host = worker.name.rpartition("-")[0]
    others_alive = any(
        is_locked(path) for path in worker.folder.iterdir() if path.name != worker.name and path.name.startswith(host)
    )
    given_up = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        owner = trial.user_attrs.get(_WORKER)
        if owner is None:  # killed before it could be marked, or begun by another this very moment
            gone = not others_alive
        else:
            gone = owner.rpartition("-")[0] == host and not _alive(worker.folder / Path(owner).name)
        if gone:
            study.tell(trial.number, state=TrialState.FAIL)
            given_up += 1
    return given_up


def wait_for_others(study: optuna.Study, worker: Worker, seconds: float = 1.0) -> None:
    """Waits until no trial is under way, so that all who share a study choose among the same trials.

    Trials whose workers are gone are given up meanwhile, by `release` and by Optuna's heartbeat; where neither can
    tell, those that stood still for `SILENT_AFTER_SECONDS` are waited for no longer.
    """
    last: list[tuple[int, int]] = []
    moved = time.monotonic()
    while running := study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        now = [(trial.number, len(trial.user_attrs)) for trial in running]
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > SILENT_AFTER_SECONDS:
            return
        release(study, worker)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)
        time.sleep(seconds)


def _alive(lock: Path) -> bool:
    return lock.exists() and is_locked(lock)
