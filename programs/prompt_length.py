"""Length of a prompt in characters, and its tokens estimated from that."""

from openmedlm.programs.template import Prompt

CHARACTERS_PER_TOKEN = 4
"""Characters of English text per token; clinical vignettes are within 20 % of it in current tokenizers."""


def count_characters(prompt: Prompt) -> int:
    """Count the characters of a prompt.

    Example:
        >>> count_characters(({"role": "user", "content": "Question: …"},))
        11
    """
    return len(prompt) if isinstance(prompt, str) else sum(len(message["content"]) for message in prompt)


def to_tokens(characters: int) -> int:
    """Estimate the number of tokens of a text from its number of characters."""
    return characters // CHARACTERS_PER_TOKEN
