"""Who works on a study, so that trials of those who died are repeated and nobody else's are."""

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

from openmedlm.optimizers.search.storage import SILENT_AFTER_SECONDS
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.locks import is_locked, locked

_WORKER = "worker"
_IDENTITY = ".home"
"""File that tells a folder from others of its name: on other machines, of other users, in other containers."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on a study.

    Attributes:
        home: of its kind: the machine and the folder; who died there can be told by its lock.
        name: its own, that of its lock in the folder.
        folder: in which every worker of this home holds a lock for as long as it lives.
    """

    home: str
    name: str
    folder: Path

    def mark(self, trial: optuna.Trial) -> None:
        """Notes that the trial is this worker's."""
        trial.set_user_attr(_WORKER, [self.home, self.name])


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """A worker for as long as the context lasts, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    worker = Worker(f"{socket.gethostname()} {_identity(folder)}", uuid.uuid4().hex, folder)
    lock = folder / worker.name
    try:
        with locked(lock):
            yield worker
    finally:
        lock.unlink(missing_ok=True)


def release(study: optuna.Study, worker: Worker) -> int:
    """Gives up the trials of workers of the same home that are gone; they count as failed, and are repeated.

    Those of other homes are given up by Optuna's heartbeat, where the storage has one.

    Returns:
        How many were given up.
    """
    others = (path for path in worker.folder.iterdir() if not path.name.startswith((worker.name, ".")))
    others_alive = any(is_locked(path) for path in others)
    given_up = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        home, name = trial.user_attrs.get(_WORKER, (worker.home, None))
        # One without a mark was killed before it had one, or begun by another this very moment.
        alive = others_alive if name is None else _alive(worker.folder / name)
        if home == worker.home and not alive:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            given_up += 1
    return given_up


def wait_for_others(
    study: optuna.Study, worker: Worker, seconds: float = 1.0, enough: Callable[[], object] = lambda: None
) -> None:
    """Waits until no trial is under way, so that all who share a study choose among the same trials.

    Trials whose workers are gone are given up meanwhile, by `release` and by Optuna's heartbeat; where neither can
    tell, those that stood still for `SILENT_AFTER_SECONDS` are waited for no longer.

    Args:
        study, worker: whose, and who waits.
        seconds: between two looks.
        enough: ends the waiting once it gives anything true.
    """
    last: list[tuple[int, int]] = []
    relabel = time.monotonic()
    while running := study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        now = [(trial.number, len(trial.user_attrs)) for trial in running]
        if now != last:
            last, relabel = now, time.monotonic()
        if enough() or time.monotonic() - relabel > SILENT_AFTER_SECONDS:
            return
        release(study, worker)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)
        time.sleep(seconds)


def _alive(lock: Path) -> bool:
    return lock.exists() and is_locked(lock)


def _identity(folder: Path) -> str:
    file = folder / _IDENTITY
    with locked(folder / f"{_IDENTITY}.lock"):
        if not file.exists():
            write_atomically(file, [uuid.uuid4().hex.encode()])
    return file.read_text()
