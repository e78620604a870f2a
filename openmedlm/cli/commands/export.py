import sys
from pathlib import Path
from typing import Annotated

import typer

from openmedlm.options.groups import Output
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import print_json


@with_options(Output)
def export(
    output: Output,
    program: Annotated[Path, typer.Argument(metavar="PROGRAM", help="The directory of a frozen program.")],
    to: Annotated[str, typer.Option("--to", help="dspy, messages, batch or lm-eval.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Without it, to stdout; a folder for lm-eval.", show_default=False
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", help="Whose questions are rendered; the program's own.", show_default=False),
    ] = None,
    split: Annotated[str, typer.Option(help="dev, test or pool.")] = "dev",
    limit: Annotated[
        int | None, typer.Option(min=1, help="N of its questions only, as for evaluate.", show_default=False)
    ] = None,
    data_dir: Annotated[str | None, typer.Option(metavar="DIR", help="As for evaluate.", show_default=False)] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="The model's name in a batch; that of the program's own.", show_default=False
        ),
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where its embedder lies, if not where it says.", show_default=False),
    ] = None,
) -> None:
    """Takes a frozen program elsewhere.

    dspy: state for DSPy's own Module.load. messages: a line for each vote of each question of a split, with the
    rendered messages. batch: the same as an OpenAI batch file, which vLLM's run_batch takes too. lm-eval: a folder with
    a task of lm-evaluation-harness, of a program with one vote and fixed exemplars.

    Example: openmedlm export program --to messages -b mmlu --data-dir sample
    """
    from openmedlm.data import UserError, load_split
    from openmedlm.export.formats import batch_lines, dspy_state, message_lines
    from openmedlm.export.lm_eval import write_task
    from openmedlm.programs.frozen import load_program
    from openmedlm.runs.plan import subsample
    from openmedlm.utils.atomic import write_atomically
    from openmedlm.utils.choices import check_choice
    from openmedlm.utils.paths import vectors_directory

    check_choice(to, ("dspy", "messages", "batch", "lm-eval"), "format")
    if to == "lm-eval" and file is None:
        raise UserError("--to lm-eval writes a folder; name it with -o")
    if output.json and file is None:
        raise UserError("--json prints one object, and the export would stand beside it; name a file with -o")
    frozen = load_program(program, embedder, vectors_directory())
    if to == "dspy":
        state, how = dspy_state(frozen)
        chunks = iter([state])
    else:
        questions = subsample(load_split(benchmark or frozen.document.benchmark, split, data_dir), limit)
        if to == "lm-eval" and file is not None:
            name = write_task(frozen, questions, file)
            print_json({"file": str(file), "format": to, "task": name}) if output.json else print(f"{name} in {file}")
            return
        if to == "messages":
            chunks = message_lines(frozen.program, questions)
        else:
            name = model or frozen.document.model.partition("/")[2]
            chunks = batch_lines(frozen.program, questions, name)
        how = ""
    if file is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
    else:
        try:
            write_atomically(file, chunks)
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}; name another file with -o") from error
    if output.json:
        print_json({"file": str(file), "format": to})
    if how:
        print(how, file=sys.stderr)
