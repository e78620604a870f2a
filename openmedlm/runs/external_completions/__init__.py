"""Completions of another system: read from a file, and scored."""

from openmedlm.runs.external_completions.outcomes import score_outcomes
from openmedlm.runs.external_completions.reader import AnswerLine, read_completions

__all__ = ["AnswerLine", "read_completions", "score_outcomes"]
