"""Environment of all tests and of the processes that they start; imported before numpy and torch."""

import os
import sys
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
NEEDED_BYTES = 4 * 2**30

# Two workers with two threads each would wait for each other's threads.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# Otherwise each process compiles the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Otherwise DSPy and litellm download a price list, and wait if there is no network.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

# SQLite and atomic writes wait for the disk after each change, which takes most of the time of a study.
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
    space = os.statvfs(MEMORY)
    if space.f_bavail * space.f_frsize > NEEDED_BYTES and not space.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("TMPDIR", str(MEMORY))
        tempfile.tempdir = None
