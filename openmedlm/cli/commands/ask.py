import sys
from typing import Annotated

import typer

from openmedlm.options.groups import DataOptions, ModelOptions, Output, PreviewOptions, ProgramOptions, RequestOptions
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import NOT_ADVICE, SafeConsole, print_json


@with_options(Output, ModelOptions, ProgramOptions, RequestOptions, PreviewOptions)
def ask(
    output: Output,
    model: ModelOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    preview: PreviewOptions,
    name: Annotated[
        str,
        typer.Argument(metavar="PROGRAM", help="zero-shot to ensemble, or the directory of a frozen program."),
    ],
    question: Annotated[
        str | None,
        typer.Option(
            "--question", "-q", help="The question; without it a JSON record is read from stdin.", show_default=False
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An option, once for each: --option 'A=…' or just its text.")
    ] = None,
    context: Annotated[list[str] | None, typer.Option(help="A paragraph to read first, once for each.")] = None,
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", help="Benchmark whose pool gives exemplars.")
    ] = "medqa",
    data_dir: Annotated[str, typer.Option(metavar="DIR", help="As for evaluate.")] = "sample",
) -> None:
    """Answers one question, with its votes and the exemplars that were shown.

    Example: openmedlm ask cot -m local/qwen2.5-coder-1.5b -q "Which vitamin prevents scurvy?" --option "Vitamin A"
    --option "Vitamin C"
    """
    from openmedlm.cli.run_strategies import print_estimates
    from openmedlm.runs.one_question import answer, question_from_arguments, question_from_text
    from openmedlm.runs.plan import plan
    from openmedlm.runs.resolve import load_frozen_args, resolve_endpoint

    asked = (
        question_from_arguments(question, option or [], context or [])
        if question
        else question_from_text(sys.stdin.read())
    )
    data = DataOptions(benchmark=benchmark, data_dir=data_dir)
    frozen = load_frozen_args([name], program, data, output.seed)
    endpoint = resolve_endpoint(model, frozen.values())
    planned = plan([name], endpoint, [asked], "ask", data, program, spend, output.seed, frozen)
    if preview.dry_run:
        print_estimates(planned, output)
        return
    answered = answer(planned)
    if output.json:
        print_json(answered.as_json())
    else:
        console = SafeConsole()
        for line in answered.lines():
            console.print(line)
        console.print(NOT_ADVICE)
    if answered.answer is None:
        raise typer.Exit(3)
