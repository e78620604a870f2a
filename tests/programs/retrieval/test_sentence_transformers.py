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


def test_vectors_have_length_one_and_a_row_for_each_text(minilm: SentenceEmbedder) -> None:
    vectors = minilm.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_texts_of_one_meaning_are_nearer_than_others(minilm: SentenceEmbedder) -> None:
    infarction, attack, fracture = minilm.encode(["myocardial infarction", "heart attack", "fracture of the wrist"])
    assert infarction @ attack > infarction @ fracture + 0.2


def test_a_text_has_the_same_vector_alone_and_among_others(minilm: SentenceEmbedder) -> None:
    assert np.array_equal(minilm.encode(TEXTS), np.concatenate([minilm.encode([text]) for text in TEXTS]))


def test_a_text_has_the_same_vector_at_any_place_of_a_batch_and_beside_any_others(minilm: SentenceEmbedder) -> None:
    texts = [f"{'Which enzyme is lacking? ' * (1 + n % 4)} {n}" for n in range(53)]
    vectors = minilm.encode(texts)
    assert np.array_equal(minilm.encode(texts[::-1]), vectors[::-1])
    assert np.array_equal(minilm.encode(texts[5:26:3]), vectors[5:26:3])


def test_vectors_are_those_of_sentence_transformers(minilm: SentenceEmbedder) -> None:
    theirs = minilm._model.encode(TEXTS, batch_size=1, normalize_embeddings=True)
    assert np.abs(minilm.encode(TEXTS) - theirs).max() < 1e-6


def test_the_same_files_elsewhere_have_the_same_fingerprint(tmp_path: Path) -> None:
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
def test_another_file_anywhere_is_another_fingerprint(changed: dict[str, bytes], tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two", **changed))
    assert one.fingerprint != two.fingerprint


def test_files_that_change_places_change_the_fingerprint(tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one", **{"config.json": b"1", "1_Pooling/config.json": b"2"}))
    two = SentenceEmbedder(model_files(tmp_path / "two", **{"config.json": b"2", "1_Pooling/config.json": b"1"}))
    assert one.fingerprint != two.fingerprint


def test_a_folder_of_another_name_changes_the_fingerprint(tmp_path: Path) -> None:
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two"))
    (tmp_path / "two" / "1_Pooling").rename(tmp_path / "two" / "1_Dense")
    assert one.fingerprint != two.fingerprint


def test_notes_of_people_and_download_tools_leave_the_fingerprint_alone(tmp_path: Path) -> None:
    notes = {"README.md": b"card", "LICENSE": b"text", ".cache/huggingface/download/config.json.metadata": b"1.7e9"}
    one = SentenceEmbedder(model_files(tmp_path / "one"))
    two = SentenceEmbedder(model_files(tmp_path / "two", **notes))
    assert one.fingerprint == two.fingerprint


def test_a_model_in_a_hidden_directory_is_fingerprinted_like_any_other(tmp_path: Path) -> None:
    one, two = (SentenceEmbedder(model_files(tmp_path / name / "m", **{"config.json": b"1"})) for name in ("a", ".b"))
    assert one.fingerprint == two.fingerprint != SentenceEmbedder(model_files(tmp_path / "c")).fingerprint


def test_a_directory_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"can't load .*--embedder") as caught:
        SentenceEmbedder(model_files(tmp_path / "none")).encode(["text"])
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_code_that_a_model_brings_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    modules = b'[{"idx": 0, "name": "0", "path": "", "type": "planted.Module"}]'
    code = f"import pathlib; pathlib.Path({str(marker)!r}).touch()\nclass Module: pass".encode()
    source = model_files(tmp_path / "model", **{"modules.json": modules, "planted.py": code})
    with pytest.raises(UserError, match="can't load"):
        SentenceEmbedder(source).encode(["text"])
    assert not marker.exists()
