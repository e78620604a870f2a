"""Run the command line with `python -m openmedlm`."""

from openmedlm.cli.main import run

run()
