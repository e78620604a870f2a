"""What a reader makes of a completion."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """The letter that a completion gives, and the rule that read it.

    Attributes:
        letter: one of the question's letters; None where the completion gives none of them, or more than one.
        rule: the name of the rule that decided. Without a letter it says why there is none: `several`, `conflict`
            (the letter and the option's text beside it disagree), `no such option`, `none of them`, `refusal`,
            `truncated` (cut off while still thinking) or `on_unparsed`.
    """

    letter: str | None
    rule: str
