"""`python -m openmedlm` is the command line too."""

from openmedlm.cli import run

run()
