"""Task folders for lm-evaluation-harness: questions, exemplars, and the answer parser."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml

from openmedlm.data import Question, UserError, fingerprint
from openmedlm.programs.frozen import FrozenProgram
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.template import Prompt
from openmedlm.programs.thinking_fields import thinking_fields
from openmedlm.utils.atomic import folder_beside

FUNCTIONS = Path(__file__).with_name("task_functions.txt")
"""Source of the task's functions.py, which reads the task's files and parses answers."""


class _Function(str):
    """Name of a function, written with the harness's `!function` tag."""


class _Dumper(yaml.SafeDumper):
    """YAML dumper for plain values and function names."""


_Dumper.add_representer(_Function, lambda dumper, name: dumper.represent_scalar("!function", str(name), style=""))


class PromptParts(NamedTuple):
    """Prompt in the harness's parts.

    Attributes:
        system: System message; empty if there is none.
        exemplars: User message and answer of each exemplar.
        text: Message that asks the question.
    """

    system: str
    exemplars: tuple[tuple[str, str], ...]
    text: str


def write_task(frozen: FrozenProgram, questions: Sequence[Question], directory: Path) -> str:
    """Write a task that renders the program's prompts, and return the task's name.

    Raises:
        UserError: The program has several votes, two questions show different exemplars, or the directory exists
            or is not writable.
    """
    program = frozen.program
    rows, exemplars = _rows(program, questions)
    name = _name(frozen, questions)
    task = _task(name, program, len(exemplars))
    if directory.exists():
        raise UserError(f"folder exists already: {directory}. Name another folder with -o.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(directory) as folder:
            text = yaml.dump(task, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
            (folder / f"{name}.yaml").write_text(text, "utf-8")
            (folder / "functions.py").write_bytes(FUNCTIONS.read_bytes())
            (folder / "questions.jsonl").write_bytes(_lines(rows))
            (folder / "exemplars.jsonl").write_bytes(_lines(exemplars))
            (folder / "README.md").write_text(_readme(name, program), "utf-8")
            folder.chmod(0o755)
            folder.rename(directory)
    except OSError as error:
        raise UserError(f"cannot write {directory}: {error.strerror}. Name another folder with -o.") from error
    return name


def _name(frozen: FrozenProgram, questions: Sequence[Question]) -> str:
    """Return a name that differs for each program and each set of questions."""
    kinds = dict.fromkeys(f"{question.benchmark}_{question.split}" for question in questions)
    splits = re.sub(r"\W+", "-", "_".join(kinds))[:80]
    return f"openmedlm_{splits}_{frozen.document.sha256[:8]}_{fingerprint(questions)[:8]}"


def _rows(program: PromptProgram, questions: Sequence[Question]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the task's question rows and its exemplar rows."""
    if program.votes > 1:
        raise UserError(
            f"lm-eval cannot run an ensemble: the program has {program.votes} votes. Export a program with one vote, "
            "or use openmedlm serve."
        )
    rows = []
    first: tuple[tuple[str, str], ...] | None = None
    for question, retrieved in zip(questions, program.exemplars.choose(questions), strict=True):
        (sample_prompt,) = program.sample_prompts(question, retrieved.exemplars)
        parts = _parts(sample_prompt.prompt)
        first = parts.exemplars if first is None else first
        if parts.exemplars != first:
            raise UserError(
                f"exemplars differ between questions: those of {question.id} are not those of earlier ones, and "
                "lm-eval shows the same exemplars to all. Export a program with fixed exemplars and questions that "
                "repeat none of them, or use openmedlm serve."
            )
        row = {"id": question.id, "system": parts.system, "text": parts.text}
        rows.append({**row, "options": dict(sample_prompt.shown.options), "target": sample_prompt.shown.answer})
    return rows, [{"text": text, "target": target} for text, target in first or ()]


def _parts(prompt: Prompt) -> PromptParts:
    if isinstance(prompt, str):
        return PromptParts("", (), prompt)
    turns = [message["content"] for message in prompt]
    system = turns.pop(0) if prompt[0]["role"] == "system" else ""
    *exemplars, text = turns
    return PromptParts(system, tuple(zip(exemplars[::2], exemplars[1::2], strict=True)), text)


def _task(name: str, program: PromptProgram, exemplars: int) -> dict[str, Any]:
    decode = program.decode
    by_program = decode.sampling != "model"
    sampling: dict[str, Any] = {"max_gen_toks": decode.max_tokens + (decode.thinking_tokens or 0)}
    sampling |= {"temperature": decode.temperature} if by_program else {}
    sampling |= {"do_sample": not decode.greedy, "until": list(decode.stop)}
    names = ("top_p", "top_k") if by_program else ()
    sampling |= {name: value for name in names if (value := getattr(decode, name)) is not None}
    # The harness sends arguments that it does not know as fields of the request.
    sampling |= thinking_fields(decode.thinking, "both") if program.template.kind == "chat" else {}
    sampling |= decode.extra_body
    few_shot = {"sampler": "first_n", "samples": _Function("functions.exemplars")}
    return {
        "task": name,
        "custom_dataset": _Function("functions.questions"),
        "test_split": "test",
        "output_type": "generate_until",
        "description": "system",
        "doc_to_text": "text",
        "doc_to_target": "target",
        "target_delimiter": "",
        "fewshot_delimiter": "",
        "num_fewshot": exemplars,
        **({"fewshot_config": few_shot} if exemplars else {}),
        "generation_kwargs": sampling,
        "process_results": _Function("functions.score"),
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }


def _readme(name: str, program: PromptProgram) -> str:
    chat = program.template.kind == "chat"
    model, route = ("local-chat-completions", "chat/completions") if chat else ("local-completions", "completions")
    template = " --apply_chat_template --fewshot_as_multiturn true" if chat else ""
    return f"""# {name}

A frozen prompt program of OpenMedLM as a task of lm-evaluation-harness. The prompts are the program's own. OpenMedLM
parses the answers; a completion without an answer counts as wrong (`--on-unparsed skip`). For benchmarking language
models; not medical advice.

    pip install /path/to/OpenMedLM 'lm_eval[api]'
    lm_eval --tasks {name} --include_path .{template} \\
        --model {model} \\
        --model_args model=NAME,base_url=http://127.0.0.1:8000/v1/{route},num_concurrent=8,tokenizer_backend=None
"""


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
