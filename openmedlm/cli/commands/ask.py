import sys
from typing import Annotated

import typer

from openmedlm.options import (
    DataOptions,
    EvaluateOptions,
    ModelOptions,
    Output,
    PreviewOptions,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    with_options,
)
from openmedlm.terminal.console import NOT_ADVICE, SafeConsole, print_json


@with_options(Output, ModelOptions, ProgramOptions, RequestOptions, PreviewOptions)
def ask(
    output: Output,
    model: ModelOptions,
    program: ProgramOptions,
    requests: RequestOptions,
    preview: PreviewOptions,
    name: Annotated[
        str,
        typer.Argument(metavar="PROGRAM", help="Directory of a frozen program, or a strategy such as knn-cot."),
    ],
    question: Annotated[
        str | None,
        typer.Option(
            "--question", "-q", help="Text of the question. Default: a JSON record on stdin.", show_default=False
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="Answer option: --option 'A=…', or just its text. Repeat it for each option."),
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="Context paragraph before the question. Repeat it for each paragraph.")
    ] = None,
    benchmark: Annotated[
        str, typer.Option("--benchmark", "-b", help="Benchmark whose pool gives exemplars.")
    ] = "medqa",
    data_dir: Annotated[
        str,
        typer.Option(
            metavar="DIR", help="Directory with <benchmark>/<split>.jsonl files; 'sample' for the embedded sample."
        ),
    ] = "sample",
) -> None:
    """Answer one question, and show its votes and exemplars.

    Example: openmedlm ask cot -m local/qwen2.5-coder-1.5b -q "Does scurvy need vitamin C?" --option Yes --option No
    """
    from openmedlm.cli.run_strategies import UNANSWERED, print_estimates
    from openmedlm.runs.one_question import answer_question, question_from_arguments, question_from_text
    from openmedlm.runs.plan import plan

    options = EvaluateOptions(
        output=output,
        model=model,
        data=DataOptions(benchmark=benchmark, data_dir=data_dir),
        split=SplitOptions(split="ask"),
        program=program,
        requests=requests,
    )
    parsed = (
        question_from_arguments(question, option or [], context or [])
        if question
        else question_from_text(sys.stdin.read())
    )
    planned = plan([name], options, [parsed])
    if preview.dry_run:
        print_estimates(planned, output)
        return
    result = answer_question(planned)
    if output.json:
        print_json(result.as_json())
    else:
        console = SafeConsole()
        for line in result.lines():
            console.print(line)
        console.print(NOT_ADVICE)
    if result.answer is None:
        raise typer.Exit(UNANSWERED)
