"""Metadata of a GGUF file, read without loading the model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from openmedlm.utils.errors import UserError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MAX_STRING_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Header:
    """Metadata of a GGUF file.

    Attributes:
        name: Name of the model; empty if it states none.
        licence: Licence of the model; empty if it states none.
        context: Context length in tokens.
        chat: Whether the file holds a chat template.
    """

    name: str
    licence: str
    context: int
    chat: bool


def read_header(path: Path) -> Header:
    """Read the metadata of a GGUF file (versions 2 and 3, little-endian).

    Raises:
        UserError: The file cannot be read or is not GGUF, or its metadata is truncated or lacks a context length.
    """
    try:
        with path.open("rb") as file:
            metadata = _read_metadata(file, path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. Name another GGUF file.") from error
    except (struct.error, UnicodeDecodeError, KeyError) as error:
        raise UserError(f"damaged GGUF metadata in {path}. Download the file again.") from error
    architecture = metadata.get("general.architecture", "")
    context = metadata.get(f"{architecture}.context_length")
    if not isinstance(context, int):
        raise UserError(f"no context length in {path}: not a language model. Name another GGUF file.")
    return Header(
        name=str(metadata.get("general.name", "")),
        licence=str(metadata.get("general.license", "")),
        context=context,
        chat="tokenizer.chat_template" in metadata,
    )


def _read_metadata(file: BinaryIO, path: Path) -> dict[str, object]:
    if file.read(4) != _MAGIC:
        raise UserError(f"not a GGUF file: {path}. Convert the model with llama.cpp's convert_hf_to_gguf.py.")
    version, _tensors, pairs = _unpack(file, "<IQQ")
    if version not in _VERSIONS:
        raise UserError(f"unsupported GGUF version in {path}: {version}. Convert the model with a current llama.cpp.")
    return {_read_string(file): _read_value(file, *_unpack(file, "<I")) for _ in range(pairs)}


def _read_value(file: BinaryIO, kind: int) -> object:
    if kind == _STRING:
        return _read_string(file)
    if kind == _ARRAY:
        inner, count = _unpack(file, "<IQ")
        return [_read_value(file, inner) for _ in range(count)]
    return _unpack(file, _SCALARS[kind])[0]


def _read_string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    data = file.read(min(length, _MAX_STRING_BYTES))
    if len(data) < length:
        raise struct.error("a string is truncated")
    return data.decode()


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
