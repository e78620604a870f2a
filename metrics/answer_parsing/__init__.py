"""Answer parsing: from a completion to the letter that it gives."""

from openmedlm.metrics.answer_parsing.completion import CUT_OFF, parse_completion
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer
from openmedlm.metrics.answer_parsing.parser import parse_answer
from openmedlm.metrics.answer_parsing.thoughts import Thoughts, parse_thought_mark, split_thoughts

__all__ = [
    "CUT_OFF",
    "ParsedAnswer",
    "Thoughts",
    "parse_answer",
    "parse_completion",
    "parse_thought_mark",
    "split_thoughts",
]
