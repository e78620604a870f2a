"""Names that a user types: the error when one is unknown says which one was likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from openmedlm.utils.errors import UserError


def check_choice(name: str, known: Iterable[str], kind: str) -> str:
    """`name` itself, when it is among the known ones.

    Args:
        name: what was typed.
        known: the names there are.
        kind: what they are names of, such as `split`.

    Raises:
        UserError: it is not; the line lists the known names and suggests the nearest.
    """
    names = list(known)
    if name in names:
        return name
    nearest = get_close_matches(name.lower(), names, n=1)
    suggestion = f'; did you mean "{nearest[0]}"?' if nearest else ""
    raise UserError(f'unknown {kind} "{name}"{suggestion} (there are: {", ".join(names)})')
