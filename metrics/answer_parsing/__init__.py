"""Which letter a completion gives as its answer."""

from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.parser import parse_answer

__all__ = ["ParsedAnswer", "parse_answer"]
