"""`python -m openmedlm` is the command line too."""

import sys
from pathlib import Path

# Python looks in the working directory first, and there a folder `data` may well be the user's own.
if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).parents[1]):
    del sys.path[0]

from openmedlm.cli import run

run()
