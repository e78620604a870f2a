from pathlib import Path

import numpy as np
import pytest

from openmedlm.data import UserError
from openmedlm.programs.retrieval import SentenceEmbedder

TEXTS = ["Myocardial infarction.", "", "What is insulin?", "a" * 5000, "Which of these bones is in the wrist? " * 9]


def model_files(directory: Path, **contents: bytes) -> str:
    files = {"model.safetensors": b"w", "config.json": b"{}", "1_Pooling/config.json": b"{}", **contents}
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return str(directory)


def test_vectors_are_unit_rows_one_per_text(minilm: SentenceEmbedder) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_texts_of_similar_meaning_are_nearer(minilm: SentenceEmbedder) -> None:
    infarction, attack, fracture = minilm.encode(["myocardial infarction", "heart attack", "fracture of the wrist"])
    assert infarction @ attack > infarction @ fracture + 0.2


def test_vector_is_the_same_alone_and_in_a_batch(minilm: SentenceEmbedder) -> None:
    assert np.array_equal(minilm.encode(TEXTS), np.concatenate([minilm.encode([text]) for text in TEXTS]))


def test_vector_is_the_same_at_any_position_of_a_batch(minilm: SentenceEmbedder) -> None:
    texts = [f"{'Which enzyme is lacking? ' * (1 + n % 4)} {n}" for n in range(53)]
    vectors = minilm.encode(texts)
    assert np.array_equal(minilm.encode(texts[::-1]), vectors[::-1])
    assert np.array_equal(minilm.encode(texts[5:26:3]), vectors[5:26:3])


def test_vectors_equal_those_of_sentence_transformers(minilm: SentenceEmbedder) -> None:
    theirs = minilm._model.encode(TEXTS, batch_size=1, normalize_embeddings=True)
    assert np.abs(minilm.encode(TEXTS) - theirs).max() < 1e-6


def test_copied_files_have_the_same_fingerprint(tmp_path: Path) -> None:
    one, two = (SentenceEmbedder(model_files(tmp_path / name)) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint.startswith("sha256:")


@pytest.mark.parametrize(
    "changed",
    [
        {"model.safetensors": b"other"},
        {"pytorch_model.bin": b"more"},
        {"config.json": b'{"layers": 1}'},
        {"1_Pooling/config.json": b'{"pooling_mode_cls_token": true}'},
        {"2_Pooling/config.json": b"{}"},
    ],
)
def test_changed_file_changes_the_fingerprint(changed: dict[str, bytes], tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two", **changed))
    assert one.fingerprint != two.fingerprint


def test_swapped_files_change_the_fingerprint(tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one", **{"config.json": b"1", "1_Pooling/config.json": b"2"}))
    two = SentenceEmbedder(model_files(tmp_path / "two", **{"config.json": b"2", "1_Pooling/config.json": b"1"}))
    assert one.fingerprint != two.fingerprint


def test_renamed_folder_changes_the_fingerprint(tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two"))
    (tmp_path / "two" / "1_Pooling").rename(tmp_path / "two" / "1_Dense")
    assert one.fingerprint != two.fingerprint


def test_notes_and_hidden_files_keep_the_fingerprint(tmp_path: Path) -> None:
    notes = {"README.md": b"card", "LICENSE": b"text", ".cache/huggingface/download/config.json.metadata": b"1.7e9"}
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two", **notes))
    assert one.fingerprint == two.fingerprint


def test_model_in_a_hidden_directory_has_a_fingerprint(tmp_path: Path) -> None:
    one, two = (SentenceEmbedder(model_files(tmp_path / name / "m", **{"config.json": b"1"})) for name in ("a", ".b"))
    assert one.fingerprint == two.fingerprint != SentenceEmbedder(model_files(tmp_path / "c")).fingerprint


def test_directory_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"can't load .*--embedder") as caught:
        SentenceEmbedder(model_files(tmp_path / "none")).encode(["text"])
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_code_inside_a_model_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    modules = b'[{"idx": 0, "name": "0", "path": "", "type": "planted.Module"}]'
    code = f"import pathlib; pathlib.Path({str(marker)!r}).touch()\nclass Module: pass".encode()
    source = model_files(tmp_path / "model", **{"modules.json": modules, "planted.py": code})
    with pytest.raises(UserError, match="can't load"):
        SentenceEmbedder(source).encode(["text"])
    assert not marker.exists()
