"""Environment of all tests and of the processes that they start; imported before numpy and torch."""

import os
import sys

# Two workers with two threads each would wait for each other's threads.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# Otherwise each process compiles the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Otherwise DSPy and litellm download a price list, and wait if there is no network.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
