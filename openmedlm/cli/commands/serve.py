import asyncio
from typing import Annotated

import typer

from openmedlm.options import (
    DataOptions,
    EvaluateOptions,
    ModelOptions,
    Output,
    ProgramOptions,
    RequestOptions,
    SplitOptions,
    with_options,
)
from openmedlm.terminal.console import NOT_ADVICE, print_json


@with_options(Output, ModelOptions, ProgramOptions, RequestOptions)
def serve(
    output: Output,
    model: ModelOptions,
    program: ProgramOptions,
    requests: RequestOptions,
    name: Annotated[str, typer.Argument(metavar="PROGRAM", help="Directory of a frozen program, or a strategy name.")],
    benchmark: Annotated[
        str,
        typer.Option(
            "--benchmark",
            "-b",
            help="Benchmark whose pool supplies a strategy's exemplars. Frozen programs have theirs.",
        ),
    ] = "medqa",
    data_dir: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Directory with <benchmark>/<split>.jsonl files; 'sample' for the embedded sample.",
        ),
    ] = "sample",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Loopback port; 0 picks a free one.")] = 8_100,
    letter_only: Annotated[
        bool, typer.Option("--letter-only", help="Reply with the letter only, without the reasoning.")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_SERVE_KEY",
            show_envvar=True,
            show_default=False,
            help="API key that requests must send. Default: none, any local process may send requests.",
        ),
    ] = None,
) -> None:
    """Serve a program as an OpenAI-compatible endpoint on loopback, as if it were a model, until Ctrl-C.

    The last user message of a request holds a question with lettered options ("Question: …", "A. …"), a JSON record as
    for `ask`, or a prompt of DSPy's ChatAdapter or JSONAdapter. The program renders its own prompts, samples its own
    votes and replies with their majority, in the form that the prompt asks for ('ANSWER: $LETTER'). It ignores
    temperature, stop and seed of the request, and refuses parameters such as tools, n above 1 and response_format.

    Example: openmedlm serve tuned/program -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1
    """
    from openmedlm.data import UserError
    from openmedlm.runs.plan import plan
    from openmedlm.serving.run import serve_plan
    from openmedlm.terminal.progress import Progress

    if requests.engine != "local":
        raise UserError(f"serve does not support --engine {requests.engine}. Leave it out.")
    options = EvaluateOptions(
        output=output,
        model=model,
        data=DataOptions(benchmark=benchmark, data_dir=data_dir),
        split=SplitOptions(split="served"),
        program=program,
        requests=requests,
    )
    planned = plan([name], options, questions=())

    def print_address(address: str, served: str) -> None:
        if output.json:
            print_json({"base_url": address, "model": served})
        else:
            print(f"Serving {name} at {address}\nPress Ctrl-C to stop. {NOT_ADVICE}", flush=True)

    asyncio.run(serve_plan(planned, port, print_address, Progress(), letter_only=letter_only, key=key))
