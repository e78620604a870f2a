"""Form of a reply: the letter as the request asks for it, with or without the reasoning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

_LETTER = r"(?:\$(?:LETTERS?|ANSWER)\b|\[the_answer_letter\]|\[letter\]|<letter>)"
_PHRASES = (
    re.compile(rf"""(?:^|["'“`])([^"'“”`\n]{{0,40}}?){_LETTER}""", re.MULTILINE | re.IGNORECASE),
    re.compile(rf"(?<!\w)(\w{{1,40}}: ?){_LETTER}", re.IGNORECASE),
)
"""Patterns of the requested text before the letter: all that a quotation or a line has, or a word with a colon."""

_NOTHING_ELSE = re.compile(r"the entire content of your (?:response|answer|reply)", re.IGNORECASE)
_STEP_BY_STEP = re.compile(r"let['’]?s think step by step[.:]?\s*\Z", re.IGNORECASE)
_ANSWER_CUE = re.compile(r"^\s*(?:A|Answer):\s*\Z", re.MULTILINE)
_REASONING_FIELDS = ("reasoning", "rationale")


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """Form of the reply to a request.

    Attributes:
        phrase: Text before the letter, such as "ANSWER: "; None for the server's own form.
        ending: Text after the letter.
        brackets: True if the letter is in round brackets.
        letter_only: True if the reply must not contain the reasoning.
        lower_case: True if the request has its option letters in lower case.
        fields: Output fields of a DSPy signature, in order; empty for a reply in plain text.
        json: True if the fields are a JSON object.
    """

    phrase: str | None = None
    ending: str = ""
    brackets: bool = False
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
        last = f"{phrase}{f'({letter})' if self.brackets else letter}{self.ending}"
        return "\n\n".join([*([reasoning] if reasoned and reasoning is not None else []), last])


def reply_format(text: str, first_mark: str = "A.") -> ReplyFormat:
    """Return the form of the reply that a prompt in free text asks for.

    A prompt that ends with "Let's think step by step" is continued as its usual few-shot examples end, which lm-eval
    looks for; one that ends with "Answer:" after options such as "(A)" is continued with "(A)".

    Args:
        text: Prompt.
        first_mark: First option letter as the prompt writes it, such as "(a)".

    Example:
        >>> reply_format("End with 'ANSWER: $LETTER' (without quotes).").phrase
        'ANSWER: '
    """
    lower_case = first_mark != first_mark.upper()
    found = next(filter(None, (phrase.search(text) for phrase in _PHRASES)), None)
    if found is not None:
        return ReplyFormat(phrase=found[1], letter_only=_NOTHING_ELSE.search(text) is not None, lower_case=lower_case)
    if _STEP_BY_STEP.search(text):
        return ReplyFormat(phrase="The answer is ", ending=".", brackets=True, lower_case=lower_case)
    brackets = first_mark.startswith("(") and _ANSWER_CUE.search(text) is not None
    return ReplyFormat(brackets=brackets, lower_case=lower_case)
