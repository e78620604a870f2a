"""The few facts that a GGUF file states about itself, read without loading the model.

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
_LONGEST = 1 << 24


@dataclass(frozen=True, slots=True)
class Header:
    """What the metadata of a GGUF file says.

    Attributes:
        name: the model's own name for itself; empty where it states none.
        licence: as stated; empty where it states none.
        context: tokens that the model was trained to read at once.
        chat: a chat template is in the file.
    """

    name: str
    licence: str
    context: int
    chat: bool


def read_header(path: Path) -> Header:
    """Reads the metadata at the front of a GGUF file (versions 2 and 3, little-endian).

    Raises:
        UserError: the file cannot be read, or is not GGUF, or its metadata is cut short or lacks a context length.
    """
    try:
        with path.open("rb") as file:
            facts = _metadata(file, path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name a GGUF file that can be read") from error
    except (struct.error, UnicodeDecodeError, KeyError) as error:
        raise UserError(f"{path}: its GGUF metadata is damaged; fetch the file again") from error
    architecture = facts.get("general.architecture", "")
    context = facts.get(f"{architecture}.context_length")
    if not isinstance(context, int):
        raise UserError(f"{path}: states no context length, so it is no language model; name another GGUF file")
    return Header(
        name=str(facts.get("general.name", "")),
        licence=str(facts.get("general.license", "")),
        context=context,
        chat="tokenizer.chat_template" in facts,
    )


def _metadata(file: BinaryIO, path: Path) -> dict[str, object]:
    if file.read(4) != _MAGIC:
        raise UserError(f"{path}: not a GGUF file; convert the model with llama.cpp's convert_hf_to_gguf.py")
    version, _tensors, pairs = _unpack(file, "<IQQ")
    if version not in _VERSIONS:
        raise UserError(f"{path}: GGUF version {version} is not known here; convert the model with a current llama.cpp")
    return {_string(file): _value(file, *_unpack(file, "<I")) for _ in range(pairs)}


def _value(file: BinaryIO, kind: int) -> object:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        inner, count = _unpack(file, "<IQ")
        return [_value(file, inner) for _ in range(count)]
    return _unpack(file, _SCALARS[kind])[0]


def _string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<Q")
    data = file.read(min(length, _LONGEST))
    if len(data) < length:
        raise struct.error("a string is cut short")
    return data.decode()


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
