import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmedlm.local_models.gguf import Header, read_header
from openmedlm.utils.errors import UserError


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def gguf(*pairs: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs)) + b"".join(pairs)


ARCHITECTURE = pair("general.architecture", 8, text("tiny"))
CONTEXT = pair("tiny.context_length", 4, struct.pack("<I", 2048))
TOKENS = pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("é"))
TEMPLATE = pair("tokenizer.chat_template", 8, text("{{ messages }}"))
LICENCE = pair("general.license", 8, text("mit"))
NAME = pair("general.name", 8, text("Tiny"))
WHOLE = gguf(ARCHITECTURE, NAME, LICENCE, TOKENS, CONTEXT, TEMPLATE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.gguf"


def test_read_header_returns_all_fields(file: Path) -> None:
    file.write_bytes(WHOLE)
    assert read_header(file) == Header(name="Tiny", licence="mit", context=2048, chat=True)


def test_read_header_of_a_base_model_has_no_chat(file: Path) -> None:
    file.write_bytes(gguf(ARCHITECTURE, CONTEXT))
    assert read_header(file) == Header(name="", licence="", context=2048, chat=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 a zip file", "not a GGUF file"),
        (b"", "not a GGUF file"),
        (gguf(ARCHITECTURE, CONTEXT, version=1), "unsupported GGUF version"),
        (gguf(ARCHITECTURE), "no context length"),
        (gguf(pair("general.architecture", 77, b"")), "damaged"),
        (gguf(pair("general.architecture", 8, struct.pack("<Q", 1 << 60))), "damaged"),
        (gguf(pair("general.architecture", 9, struct.pack("<IQ", 0, 1 << 60))), "damaged"),
        (gguf(pair("general.name", 8, struct.pack("<Q", 1) + b"\xff")), "damaged"),
    ],
)
def test_read_header_rejects_bad_files(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_header(file)
    assert str(file) in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, len(WHOLE) - 1))
def test_read_header_rejects_truncated_metadata(file: Path, length: int) -> None:
    file.write_bytes(WHOLE[:length])
    with pytest.raises(UserError):
        read_header(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_read_header_survives_a_changed_byte(file: Path, position: int, byte: int) -> None:
    file.write_bytes(WHOLE[:position] + bytes([byte]) + WHOLE[position + 1 :])
    with contextlib.suppress(UserError):
        assert isinstance(read_header(file), Header)
