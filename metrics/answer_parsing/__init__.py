"""Answer parsing: from a completion to the letter that it gives."""

from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.parser import parse_answer

__all__ = ["ParsedAnswer", "parse_answer"]
