"""The folder of a task: its questions, the program's exemplars, and how answers are read."""

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
from openmedlm.utils.atomic import folder_beside

SUPPORT = Path(__file__).with_name("task_functions.txt")
"""What the harness runs of the task: reading its files, and reading answers."""


class _Function(str):
    """The name of a function, in the harness's own tag."""


class _Dumper(yaml.SafeDumper):
    """Plain values, and those names."""


_Dumper.add_representer(_Function, lambda dumper, name: dumper.represent_scalar("!function", str(name), style=""))


class Shown(NamedTuple):
    """A prompt in the harness's parts: the system message, exemplars with their answers, and what asks."""

    system: str
    exemplars: tuple[tuple[str, str], ...]
    text: str


def write_task(frozen: FrozenProgram, questions: Sequence[Question], place: Path) -> str:
    """Writes a task whose prompts are those of the program; its name.

    Raises:
        UserError: the harness can't render the program (it retrieves, or has several votes), the prompts of two
            questions differ in their exemplars, or something is there already.
    """
    program = frozen.program
    rows, exemplars = _rows(program, questions)
    name = _name(frozen, questions)
    task = _task(name, program, len(exemplars))
    if place.exists():
        raise UserError(f"{place}: is there already; name another folder with -o")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(place) as folder:
            written = yaml.dump(task, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
            (folder / f"{name}.yaml").write_text(written, "utf-8")
            (folder / "functions.py").write_bytes(SUPPORT.read_bytes())
            (folder / "questions.jsonl").write_bytes(_lines(rows))
            (folder / "exemplars.jsonl").write_bytes(_lines(exemplars))
            (folder / "README.md").write_text(_readme(name, program), "utf-8")
            folder.chmod(0o755)
            folder.rename(place)
    except OSError as error:
        raise UserError(f"{place}: can't be written ({error.strerror}); name another folder with -o") from error
    return name


def _name(frozen: FrozenProgram, questions: Sequence[Question]) -> str:
    """Another one for another program, and for other questions."""
    kinds = dict.fromkeys(f"{question.benchmark}_{question.split}" for question in questions)
    asked = re.sub(r"\W+", "-", "_".join(kinds))[:80]
    return f"openmedlm_{asked}_{frozen.document.sha256[:8]}_{fingerprint(questions)[:8]}"


def _rows(program: PromptProgram, questions: Sequence[Question]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    if program.votes > 1:
        raise UserError("lm-eval has no ensembles of this kind; export a program of one vote, or serve this one")
    rows = []
    first: tuple[tuple[str, str], ...] | None = None
    for question, selection in zip(questions, program.exemplars.choose(questions), strict=True):
        (sample_prompt,) = program.sample_prompts(question, selection.exemplars)
        shown = _parts(sample_prompt.prompt)
        first = shown.exemplars if first is None else first
        if shown.exemplars != first:
            raise UserError(
                f"{question.id}: is shown other exemplars than the questions before it, and lm-eval shows all the same "
                "ones; export a program with fixed exemplars, over questions that repeat none of them, or serve it"
            )
        row = {"id": question.id, "system": shown.system, "text": shown.text}
        rows.append({**row, "options": dict(sample_prompt.shown.options), "target": sample_prompt.shown.answer})
    return rows, [{"text": text, "target": target} for text, target in first or ()]


def _parts(prompt: Prompt) -> Shown:
    if isinstance(prompt, str):
        return Shown("", (), prompt)
    turns = [message["content"] for message in prompt]
    system = turns.pop(0) if prompt[0]["role"] == "system" else ""
    *before, asked = turns
    return Shown(system, tuple(zip(before[::2], before[1::2], strict=True)), asked)


def _task(name: str, program: PromptProgram, exemplars: int) -> dict[str, Any]:
    decode = program.decode
    sampling: dict[str, Any] = {"max_gen_toks": decode.max_tokens, "temperature": decode.temperature}
    sampling |= {"do_sample": not decode.greedy, "until": list(decode.stop)}
    sampling |= {name: value for name in ("top_p", "top_k") if (value := getattr(decode, name)) is not None}
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

A frozen prompt program of OpenMedLM as a task of lm-evaluation-harness: the prompts are the program's own, and answers
are read as OpenMedLM reads them, those that it can't read being wrong (`--on-unparsed leave`). For benchmarking
language models; not medical advice.

    pip install openmedlm 'lm_eval[api]'
    lm_eval --tasks {name} --include_path .{template} \\
        --model {model} \\
        --model_args model=NAME,base_url=http://127.0.0.1:8000/v1/{route},num_concurrent=8,tokenizer_backend=None
"""


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
