"""Runs: programs over a split, from the options of a command to a run directory."""

from openmedlm.runs.directory import Run, Sent, check_free, read_questions, read_run, read_sent, write_run
from openmedlm.runs.prompts_table import Prompts

__all__ = ["Prompts", "Run", "Sent", "check_free", "read_questions", "read_run", "read_sent", "write_run"]
