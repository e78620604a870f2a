"""Names that a user types, checked against the known ones."""

from collections.abc import Iterable
from difflib import get_close_matches

from openmedlm.utils.errors import UserError


def check_choice(name: str, known: Iterable[str], kind: str) -> str:
    """Return the name if it is a known one.

    Args:
        name: Name as typed.
        known: All valid names, in the order in which the error lists them.
        kind: Noun for the error, such as `split`.

    Raises:
        UserError: The name is unknown. The message lists the known names and suggests the nearest.

    Example:
        >>> check_choice("dev", ("pool", "dev", "test"), "split")
        'dev'
    """
    names = list(known)
    if name in names:
        return name
    nearest = get_close_matches(name.lower(), names, n=1)
    suggestion = f', did you mean "{nearest[0]}"?' if nearest else "."
    raise UserError(f'unknown {kind} "{name}"{suggestion} Choose one of: {", ".join(names)}.')
