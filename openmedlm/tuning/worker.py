"""Further processes on this machine that search the same study."""

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
def helping(options: TuneOptions, study: str, workers: int) -> Iterator[None]:
    """Has all workers but this one search a study, until the context is left: then they have ended, or are ended.

    Args:
        options: what was asked for; each makes its own plan of it.
        study: the name of the study among theirs.
        workers: in all.
    """
    context = multiprocessing.get_context("spawn")
    helpers = [context.Process(target=_help, args=(options, study, workers), daemon=True) for _ in range(workers - 1)]
    try:
        with _deaf_to_ctrl_c():  # as they are from their first moment on: whoever started them ends them
            for helper in helpers:
                helper.start()
        yield
        for helper in helpers:
            helper.join()
    finally:
        for helper in helpers:
            if helper.is_alive():
                helper.terminate()
                helper.join()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started in it are, too."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _help(options: TuneOptions, study: str, workers: int) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        plan = next(plan for plan in plan_studies(options) if plan.study == study)
        search(plan, workers)
    except UserError as error:
        print(f"openmedlm: a worker has ended: {error}", file=sys.stderr)
        sys.exit(2)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
