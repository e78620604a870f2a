"""Instruction texts that a search may choose from."""

from openmedlm.optimizers.search.trial_config import DEFAULT

VARIANTS = {
    "physician": "You are a physician sitting a licensing examination. Answer the multiple-choice question. Exactly "
    "one option is right.",
    "careful": "Answer the multiple-choice question from a medical examination. Read the question and every option, "
    "rule out those that are wrong, and choose the one that remains. Exactly one option is right.",
    "short": "Answer the question.",
}
"""Name to text, besides the strategies' own instructions."""


def instruction_text(variant: str, own: str) -> str:
    """Return the text of a variant: the strategy's own for `DEFAULT`, that of a known name, or the variant itself."""
    return own if variant == DEFAULT else VARIANTS.get(variant, variant)
