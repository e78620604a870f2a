"""Embedding models at an endpoint, through litellm."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from openmedlm.data import UserError
from openmedlm.programs.retrieval.embedder import Vectors
from openmedlm.utils.secrets import without_secrets
from openmedlm.utils.urls import plain_address

MAX_TEXTS_PER_REQUEST = 64

MAX_ATTEMPTS = 6
"""Attempts per request while the failures are transient. For `openai/` models litellm itself sends each attempt up to
three times, whatever `num_retries` is."""

TIMEOUT_SECONDS = 60.0
"""Timeout of one request."""


class LitellmEmbedder:
    """A litellm model, such as `openai/text-embedding-3-small`; its vectors are scaled to unit length.

    Args:
        model: Model string of litellm.
        api_base: URL of the endpoint; None leaves it to litellm. It becomes part of the fingerprint, since two servers
            may serve different models under one name.
        api_key: API key of the endpoint; None takes the provider's own environment variable. It is never printed.

    Raises:
        UserError: The model is empty, or the URL is invalid or contains a secret.
    """

    def __init__(self, model: str, api_base: str | None = None, api_key: str | None = None) -> None:
        if not model:
            raise UserError("no model in --embedder litellm:. Write it like litellm:openai/text-embedding-3-small.")
        self.name = f"litellm:{model}"
        self.fingerprint = self.name
        if api_base is not None:
            self.fingerprint += f"@{plain_address(api_base, 'the api base of the embedder')}"
        self._model = model
        self._api_base = api_base
        self._api_key = api_key

    @property
    def batch_size(self) -> int:
        """Number of texts per call: those of one request, so that a failed request loses no earlier one."""
        return MAX_TEXTS_PER_REQUEST

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text.

        Raises:
            UserError: The endpoint refused, failed `MAX_ATTEMPTS` times, or sent no valid vectors of these texts.
        """
        rows = [
            row
            for start in range(0, len(texts), MAX_TEXTS_PER_REQUEST)
            for row in self._request(texts[start : start + MAX_TEXTS_PER_REQUEST])
        ]
        try:
            vectors = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
        except (TypeError, ValueError):
            raise self._failed("the response holds no vectors of equal length") from None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise self._failed("the response holds a vector of length 0 or infinity")
        unit: Vectors = (vectors / lengths).astype(np.float32)
        return unit

    def _request(self, texts: Sequence[str]) -> list[object]:
        """Return the embedding of each text, in the texts' order; the response may have another order."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            wait=wait_random_exponential(multiplier=0.5, max=30),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            reraise=True,
        )
        try:
            embeddings = retrying(self._send, texts)
        except Exception as error:  # litellm's errors have no common base
            # Not chained, since the cause may contain the key.
            raise self._failed(str(error) or type(error).__name__) from None
        rows = {row.get("index"): row.get("embedding") for row in embeddings}
        if len(embeddings) != len(texts) or rows.keys() != set(range(len(texts))):
            raise self._failed(
                f"the response holds {len(embeddings)} vectors for {len(texts)} texts, or does not number them"
            )
        return [rows[index] for index in range(len(texts))]

    def _send(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # without it, the import downloads a price list
        import litellm

        litellm.suppress_debug_info = True
        response = litellm.embedding(
            model=self._model,
            input=list(texts),
            api_base=self._api_base,
            api_key=self._api_key,
            encoding_format="float",
            timeout=TIMEOUT_SECONDS,
            num_retries=0,
            max_retries=0,
            drop_params=True,
        )
        return response.model_dump()["data"] or []

    def _failed(self, reason: str) -> UserError:
        reason = without_secrets(reason, [self._api_key])
        return UserError(
            f"can't use the embedder {without_secrets(self.name)!r}: {' '.join(reason.split())[:300]}. Fix this and "
            "rerun the command to resume, or set another --embedder."
        )


def _is_transient(error: BaseException) -> bool:
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and (status in (408, 409, 425, 429) or status >= 500)
