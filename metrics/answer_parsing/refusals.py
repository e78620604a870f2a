"""Rules for completions without an answer: refusals and "none of the above"."""

import re

from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

_REFUSAL = re.compile(
    r"\b(?:I(?:['’]m|\sam)?\s(?:sorry|apologi[sz]e)|I\s(?:can(?:not|['’]t|\snot)|am\s(?:unable|not\sable)\sto|won['’]t)|"
    r"I['’]m\s(?:unable|not\sable)\sto|as\san\sAI\b|content\smanagement\spolicy)",
    re.IGNORECASE,
)
_NONE = re.compile(r"\bnone\sof\sthe\s(?:above|options|given|provided|choices|answer)", re.IGNORECASE)


def refusal(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Detect that the model will not or cannot answer."""
    return ParsedAnswer(None, "refusal") if _REFUSAL.search(text) else None


def none_of_them(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Detect the statement that no option is right."""
    return ParsedAnswer(None, "none of them") if _NONE.search(text) else None
