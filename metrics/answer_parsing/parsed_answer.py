"""Result of answer parsing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """Letter that a completion gives, and the rule that found it.

    Attributes:
        letter: One of the question's letters; None if the completion gives none of them, or more than one.
        rule: Name of the rule that decided. Without a letter it is the reason: `several`, `conflict` (the letter and
            the option text after it disagree), `no such option`, `none of them`, `refusal`, `truncated` (cut off inside
            the thinking block) or `unreadable` (no rule applies).

    Example:
        >>> from openmedlm.metrics import parse_answer
        >>> parse_answer("Answer: B", {"A": "Heart", "B": "Liver"}).letter
        'B'
    """

    letter: str | None
    rule: str
