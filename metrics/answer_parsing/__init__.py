"""Which letter a completion gives as its answer."""

from openmedlm.metrics.answer_parsing.parsed_answer import Reading
from openmedlm.metrics.answer_parsing.parser import read_answer

__all__ = ["Reading", "read_answer"]
