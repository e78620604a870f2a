"""Embedding models behind an endpoint, through litellm."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from openmedlm.data import UserError
from openmedlm.programs.retrieval.embedder import Vectors
from openmedlm.utils.secrets import without_secrets
from openmedlm.utils.urls import plain_address

BATCH = 64
"""Texts in one request, at most."""

ATTEMPTS = 6
"""How often one request is sent while the endpoint fails in ways that may pass. For `openai/` models litellm sends each
of them up to three times by itself, whatever it is told."""

TIMEOUT = 60.0
"""Seconds that one request may take."""


class LitellmEmbedder:
    """A model that litellm reaches, such as `openai/text-embedding-3-small`; its vectors are brought to unit length.

    Args:
        model: as litellm writes it.
        api_base: address of the endpoint; None lets litellm find it. It becomes part of the fingerprint, since two
            servers may serve different models under one name.
        api_key: of the endpoint; None takes it from the provider's own environment variable. Never shown.

    Raises:
        UserError: no model, or an address that is none or holds a secret.
    """

    def __init__(self, model: str, api_base: str | None = None, api_key: str | None = None) -> None:
        if not model:
            raise UserError("--embedder litellm: names no model; write it like litellm:openai/text-embedding-3-small")
        self.name = f"litellm:{model}"
        self.fingerprint = self.name
        if api_base is not None:
            self.fingerprint += f"@{plain_address(api_base, 'the api base of the embedder')}"
        self._model = model
        self._api_base = api_base
        self._api_key = api_key

    @property
    def together(self) -> int:
        """A request: one that fails takes no earlier one with it."""
        return BATCH

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text.

        Raises:
            UserError: the endpoint refused, failed `ATTEMPTS` times, or sent what are no vectors of these texts.
        """
        rows = [row for start in range(0, len(texts), BATCH) for row in self._ask(texts[start : start + BATCH])]
        try:
            vectors = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
        except (TypeError, ValueError):
            raise self._failed("it sent something else than vectors of one length") from None
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise self._failed("it sent a vector that has no direction")
        unit: Vectors = (vectors / lengths).astype(np.float32)
        return unit

    def _ask(self, texts: Sequence[str]) -> list[object]:
        """What was sent for each text, in the texts' order, which need not be that of the answer."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=0.5, max=30),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        try:
            answer = retrying(self._send, texts)
        except Exception as error:  # litellm's errors have no common base
            # Not chained, since what lies below may hold the key.
            raise self._failed(str(error) or type(error).__name__) from None
        rows = {row.get("index"): row.get("embedding") for row in answer}
        if len(answer) != len(texts) or rows.keys() != set(range(len(texts))):
            raise self._failed(f"it sent {len(answer)} vectors for {len(texts)} texts, or did not number them")
        return [rows[index] for index in range(len(texts))]

    def _send(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing it asks the network for prices
        import litellm

        litellm.suppress_debug_info = True
        response = litellm.embedding(
            model=self._model,
            input=list(texts),
            api_base=self._api_base,
            api_key=self._api_key,
            encoding_format="float",
            timeout=TIMEOUT,
            num_retries=0,
            max_retries=0,
            drop_params=True,
        )
        return response.model_dump()["data"] or []

    def _failed(self, reason: str) -> UserError:
        reason = without_secrets(reason, [self._api_key])
        return UserError(
            f"the embedder {without_secrets(self.name)!r} can't be used ({' '.join(reason.split())[:300]}); mend that, "
            "and the same command goes on, or give another --embedder"
        )


def _may_pass(error: BaseException) -> bool:
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and (status in (408, 409, 425, 429) or status >= 500)
