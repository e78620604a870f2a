"""Worker processes on this machine that search the same study."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

from openmedlm.data import UserError
from openmedlm.tuning.options import TuneOptions
from openmedlm.tuning.plan import plan_studies
from openmedlm.tuning.search import search


@contextmanager
def start_workers(options: TuneOptions, study: str, workers: int) -> Iterator[None]:
    """Start all workers but this one, and wait for them at the end of the context; an error terminates them.

    Args:
        options: Options of the command; each worker makes its own plan from them.
        study: Name of the study among theirs.
        workers: Number of workers, this one included.
    """
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_run_worker, args=(options, study, workers), daemon=True) for _ in range(workers - 1)
    ]
    try:
        with _ignore_sigint():  # workers inherit it from their start, since this process ends them
            for process in processes:
                process.start()
        yield
        for process in processes:
            process.join()
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
                process.join()


@contextmanager
def _ignore_sigint() -> Iterator[None]:
    """Ignore Ctrl-C in this process and in processes started meanwhile."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run_worker(options: TuneOptions, study: str, workers: int) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        plan = next(plan for plan in plan_studies(options) if plan.study == study)
        search(plan, workers)
    except UserError as error:
        print(f"openmedlm: a worker stopped: {error}", file=sys.stderr)
        sys.exit(2)


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
