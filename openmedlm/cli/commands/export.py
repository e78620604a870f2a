import sys
from pathlib import Path
from typing import Annotated

import typer

from openmedlm.inference.endpoint import split_provider
from openmedlm.options import Output, with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def export(
    output: Output,
    program: Annotated[Path, typer.Argument(metavar="PROGRAM", help="Directory of a frozen program.")],
    to: Annotated[str, typer.Option("--to", help="Format: dspy, messages, batch or lm-eval.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write; a folder for lm-eval. Default: stdout.",
            show_default=False,
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", help="Benchmark to render. Default: the program's.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option(help="Split to render: dev, test or pool.")] = "dev",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Render only the questions of evaluate --limit N.", show_default=False)
    ] = None,
    data_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Directory with <benchmark>/<split>.jsonl files; 'sample' for the embedded sample. Default: the "
            "Hugging Face hub.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Model name in a batch file. Default: the program's.", show_default=False),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Local path of the embedder, if it is not where the program says.", show_default=False
        ),
    ] = None,
) -> None:
    """Convert a frozen program to the format of another system.

    dspy: state that DSPy's Module.load reads. messages: JSON lines with the rendered messages, one per vote of each
    question. batch: the same as an OpenAI batch file, which vLLM's run_batch also reads. lm-eval: a task folder for
    lm-evaluation-harness; the program must have one vote and fixed exemplars.

    Example: openmedlm export program --to messages -b mmlu --data-dir sample
    """
    from openmedlm.data import UserError, load_split
    from openmedlm.export.batch import batch_lines
    from openmedlm.export.dspy_state import dspy_state
    from openmedlm.export.lm_eval import write_task
    from openmedlm.export.messages import message_lines
    from openmedlm.programs.frozen import load_program
    from openmedlm.runs.plan import subsample
    from openmedlm.utils.atomic import write_atomically
    from openmedlm.utils.choices import check_choice
    from openmedlm.utils.paths import vectors_directory

    check_choice(to, ("dspy", "messages", "batch", "lm-eval"), "format")
    if to == "lm-eval" and file is None:
        raise UserError("no output folder for --to lm-eval. Name one with -o.")
    if output.json and file is None:
        raise UserError("no output file with --json, whose object stdout holds. Name a file with -o.")
    frozen = load_program(program, embedder, vectors_directory())
    if to == "dspy":
        state, instructions = dspy_state(frozen)
        chunks = iter([state])
    else:
        questions = subsample(load_split(benchmark or frozen.document.benchmark, split, data_dir), limit)
        if to == "lm-eval" and file is not None:
            task = write_task(frozen, questions, file)
            if output.json:
                print_json({"file": str(file), "format": to, "task": task})
            else:
                print(f"Written: {file} (task {task})")
            return
        if to == "messages":
            chunks = message_lines(frozen.program, questions)
        else:
            chunks = batch_lines(frozen.program, questions, model or split_provider(frozen.document.model)[1])
        instructions = ""
    if file is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
    else:
        try:
            write_atomically(file, chunks)
        except OSError as error:
            raise UserError(f"cannot write {file}: {error.strerror}. Name another file with -o.") from error
    if output.json:
        print_json({"file": str(file), "format": to})
    elif file is not None:
        print(f"Written: {file}")
    if instructions:
        print(instructions, file=sys.stderr)
