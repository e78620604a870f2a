"""Form of a reply: the letter as the request asks for it, with or without the reasoning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

_PLACEHOLDER = re.compile(
    r"""(?:^|["'“`])(?P<phrase>[^"'“”`\n]{0,40}?)(?:\$LETTERS?\b|\[the_answer_letter\]|\[letter\]|<letter>)""",
    re.MULTILINE | re.IGNORECASE,
)
_NOTHING_ELSE = re.compile(r"the entire content of your (?:response|answer|reply)", re.IGNORECASE)
_REASONING_FIELDS = ("reasoning", "rationale")


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """Form of the reply to a request.

    Attributes:
        phrase: Text before the letter, such as "ANSWER: "; None for the server's own form.
        letter_only: True if the reply must not contain the reasoning.
        lower_case: True if the request has its option letters in lower case.
        fields: Output fields of a DSPy signature, in order; empty for a reply in plain text.
        json: True if the fields are a JSON object.
    """

    phrase: str | None = None
    letter_only: bool = False
    lower_case: bool = False
    fields: Sequence[str] = ()
    json: bool = False

    def write(self, answer: str, reasoning: str | None, *, reasoned: bool) -> str:
        """Return the text of the reply.

        Args:
            answer: Upper-case letter.
            reasoning: Reasoning to put before the letter, if there is one.
            reasoned: True if the program reasons; the server's own form then is "Answer: " and the letter.

        Example:
            >>> ReplyFormat(phrase="ANSWER: ").write("B", None, reasoned=False)
            'ANSWER: B'
        """
        letter = answer.lower() if self.lower_case else answer
        if self.fields:
            values = {name: (reasoning or "") if name in _REASONING_FIELDS else letter for name in self.fields}
            if self.json:
                return orjson.dumps(values).decode()
            return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in {**values, "completed": ""}.items())
        reasoned = reasoned and not self.letter_only
        phrase = self.phrase if self.phrase is not None else "Answer: " if reasoned else ""
        return "\n\n".join([*([reasoning] if reasoned and reasoning is not None else []), phrase + letter])


def reply_format(text: str, *, lower_case: bool = False) -> ReplyFormat:
    """Return the form of the reply that a prompt in free text asks for.

    Example:
        >>> reply_format("End with 'ANSWER: $LETTER' (without quotes).").phrase
        'ANSWER: '
    """
    found = _PLACEHOLDER.search(text)
    return ReplyFormat(
        phrase=None if found is None else found["phrase"],
        letter_only=found is not None and _NOTHING_ELSE.search(text) is not None,
        lower_case=lower_case,
    )
