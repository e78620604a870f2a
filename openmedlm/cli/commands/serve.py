import asyncio
import sys
from typing import Annotated

import typer

from openmedlm.options.groups import DataOptions, ModelOptions, Output, ProgramOptions, RequestOptions
from openmedlm.options.with_options import with_options
from openmedlm.terminal.console import NOT_ADVICE, print_json


@with_options(Output, ModelOptions, ProgramOptions, RequestOptions)
def serve(
    output: Output,
    model: ModelOptions,
    program: ProgramOptions,
    spend: RequestOptions,
    name: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="The directory of a frozen program, or zero-shot to ensemble.")
    ],
    benchmark: Annotated[
        str,
        typer.Option("--benchmark", "-b", help="Benchmark whose pool gives exemplars; frozen programs have theirs."),
    ] = "medqa",
    data_dir: Annotated[str, typer.Option(metavar="DIR", help="As for evaluate.")] = "sample",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="On loopback; 0 takes a free one.")] = 8_100,
    letter_only: Annotated[
        bool, typer.Option("--letter-only", help="Answer with the bare letter, even where the program reasons.")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="OPENMEDLM_SERVE_KEY",
            show_envvar=True,
            show_default=False,
            help="Key that requests have to bring; without one, everybody on this machine is answered.",
        ),
    ] = None,
) -> None:
    """Serves a program behind an OpenAI-compatible endpoint on loopback, as if it were a model, until Ctrl-C.

    A request's last user message asks a question with lettered options ("Question: …", "A. …"), or is a JSON record as
    `ask` takes it. The program renders its own prompts, has its own votes cast by the model, and answers with their
    majority: temperature, stop and seed of the request mean nothing to it.

    Example: openmedlm serve tuned/program -m hosted_vllm/NAME --api-base http://127.0.0.1:8000/v1
    """
    from openmedlm.data import UserError
    from openmedlm.runs.plan import plan
    from openmedlm.runs.resolve import load_frozen_args, resolve_endpoint
    from openmedlm.serving.run import serve_plan
    from openmedlm.terminal.progress import Progress

    if spend.engine != "local":
        raise UserError("--engine: a request is one question, and nothing to spread over a cluster; leave it out")
    data = DataOptions(benchmark=benchmark, data_dir=data_dir)
    frozen = load_frozen_args([name], program, data, output.seed)
    planned = plan(
        [name], resolve_endpoint(model, frozen.values()), (), "served", data, program, spend, output.seed, frozen
    )

    def told(address: str, served: str) -> None:
        if output.json:
            print_json({"base_url": address, "model": served})
        else:
            print(f"{name} answers at {address}\nCtrl-C stops it. {NOT_ADVICE}", file=sys.stdout, flush=True)

    asyncio.run(serve_plan(planned, port, told, Progress(), letter_only=letter_only, key=key))
