"""Calls per second and CPU time per call of `evaluate`, a bare client, litellm and DSPy.

    python benchmarks/calls.py [--calls 3000] [--in-flight 32 128 256] [--rounds 5] [--latency-ms 0]

Each contender runs in its own process, and the endpoint in another. Contenders take turns in each round, so that other
load on the machine affects all of them. They ask the same questions, with five exemplars with rationales:

    bare      an aiohttp loop that sends the same bytes and reads the responses: no rendering, cache or parsing
    evaluate  the code of `openmedlm evaluate`: renders, calls, caches on disk, parses, scores
    dspy      dspy.Evaluate over dspy.ChainOfThought with the same demos, default engine, 16 threads
    dspy-fast the fastest DSPy set-up found: its program awaited concurrently, with a custom language model on aiohttp
    litellm   concurrent litellm.acompletion with the same messages
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import endpoint
import work

from openmedlm.data import Question

Measured = dict[str, float]

SLOW = {"dspy": 10, "dspy-fast": 4, "litellm": 20}
"""Divisor of the number of calls for each slow contender."""


def evaluate(url: str, questions: list[Question], in_flight: int) -> Callable[[], None]:
    """Return a run of `openmedlm evaluate` without the command line."""
    from openmedlm.inference import Policy, find_endpoint
    from openmedlm.runs.call_settings import CallSettings
    from openmedlm.runs.execute import execute
    from openmedlm.runs.plan import Plan
    from openmedlm.terminal.progress import Progress

    folder = tempfile.TemporaryDirectory()
    plan = Plan(
        calls=CallSettings(
            find_endpoint("hosted_vllm/m", url),
            Policy(concurrency=in_flight),
            timeout=60,
            store=Path(folder.name) / "votes.sqlite",
        ),
        programs={"few-shot-cot": work.program()},
        skipped={},
        questions=questions,
        benchmark="made",
        split="dev",
        source="made",
    )

    def run() -> None:
        (result,) = execute(plan, Progress(shown=False)).results
        assert result.summary.calls == len(questions), result.summary
        assert not result.summary.errors

    return run


def bare(url: str, questions: list[Question], in_flight: int) -> Callable[[], None]:
    """Return a loop that sends the same bytes with the same HTTP library."""
    import aiohttp
    import orjson

    from openmedlm.inference import find_endpoint
    from openmedlm.inference.request_body import request_body
    from openmedlm.inference.sampling import build_request

    program = work.program()
    endpoint = find_endpoint("hosted_vllm/m", url)
    bodies = []
    for question in questions:
        (sample_prompt,) = program.sample_prompts(question, work.exemplars())
        bodies.append(orjson.dumps(request_body(build_request(program, question, sample_prompt), endpoint)))

    async def loop() -> None:
        todo = iter(bodies)
        connector = aiohttp.TCPConnector(limit=in_flight)
        headers = {"Content-Type": "application/json"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def send() -> None:
                for body in todo:
                    async with session.post(f"{url}/chat/completions", data=body) as response:
                        await response.read()

            await asyncio.gather(*(send() for _ in range(in_flight)))

    return lambda: asyncio.run(loop())


def litellm(url: str, questions: list[Question], in_flight: int) -> Callable[[], None]:
    """Return a run of concurrent `litellm.acompletion` calls."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm as library

    library.suppress_debug_info = True
    program = work.program()
    prompts = [list(program.sample_prompts(question, work.exemplars())[0].prompt) for question in questions]  # type: ignore[arg-type]

    async def loop() -> None:
        todo = iter(prompts)

        async def send() -> None:
            for messages in todo:
                await library.acompletion(
                    model="hosted_vllm/m", messages=messages, api_base=url, api_key="x", temperature=0, max_tokens=512
                )

        await asyncio.gather(*(send() for _ in range(in_flight)))

    return lambda: asyncio.run(loop())


def _dspy_program() -> Any:
    import dspy

    class Answer(dspy.Signature):  # type: ignore[misc]
        """Answer the multiple-choice question about medicine."""

        question: str = dspy.InputField()
        options: str = dspy.InputField()
        answer: str = dspy.OutputField(desc="the letter")

    program = dspy.ChainOfThought(Answer)
    program.predict.demos = [
        dspy.Example(**_inputs(each.question), reasoning=each.rationale, answer=each.question.answer)
        for each in work.exemplars()
    ]
    return program


def _inputs(question: Question) -> dict[str, str]:
    return {
        "question": question.question,
        "options": "\n".join(f"{letter}. {text}" for letter, text in question.options.items()),
    }


def _examples(questions: list[Question]) -> list[Any]:
    import dspy

    return [dspy.Example(**_inputs(q), answer=q.answer).with_inputs("question", "options") for q in questions]


def dspy(url: str, questions: list[Question], in_flight: int, *, cache: bool = False) -> Callable[[], None]:
    """Return a run of dspy.Evaluate as in its documentation; more than 16 threads make it slower."""
    import dspy as library

    library.configure(lm=library.LM("openai/m", api_base=url, api_key="x", cache=cache, num_retries=0))
    program, examples = _dspy_program(), _examples(questions)
    evaluator = library.Evaluate(
        devset=examples,
        metric=lambda example, prediction, trace=None: example.answer == prediction.answer,
        num_threads=min(in_flight, 16),
        display_progress=False,
    )
    return lambda: evaluator(program)


def dspy_fast(url: str, questions: list[Question], in_flight: int) -> Callable[[], None]:
    """Return a run of concurrent DSPy calls with a custom language model."""
    import aiohttp
    import dspy as library
    import orjson
    from litellm import ModelResponse

    class Wire(library.BaseLM):  # type: ignore[misc]
        """Language model that sends one request over a shared session."""

        session: aiohttp.ClientSession

        async def aforward(self, prompt: Any = None, messages: Any = None, **_: Any) -> Any:
            body = orjson.dumps({"model": "m", "messages": messages, "temperature": 0.0, "max_tokens": 512})
            async with self.session.post(f"{url}/chat/completions", data=body) as response:
                return ModelResponse(**orjson.loads(await response.read()))

    model = Wire(model="m", cache=False)
    library.configure(lm=model, track_usage=False)
    program, examples = _dspy_program(), _examples(questions)

    async def loop() -> None:
        todo = iter(examples)
        connector = aiohttp.TCPConnector(limit=in_flight)
        headers = {"Content-Type": "application/json"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            model.session = session

            async def send() -> None:
                for example in todo:
                    prediction = await program.acall(**example.inputs())
                    assert len(prediction.answer) == 1

            await asyncio.gather(*(send() for _ in range(in_flight)))

    return lambda: asyncio.run(loop())


CONTENDERS = {"bare": bare, "evaluate": evaluate, "dspy": dspy, "dspy-fast": dspy_fast, "litellm": litellm}


def contend(name: str, url: str, calls: int, in_flight: int) -> Measured:
    """Measure one contender in this process, after a few warm-up calls."""
    CONTENDERS[name](url, work.questions(calls + 50)[calls:], in_flight)()
    run = CONTENDERS[name](url, work.questions(calls), in_flight)
    started, cpu_started = time.perf_counter(), time.process_time()
    run()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return {"calls_per_second": calls / seconds, "cpu_ms_per_call": 1000 * cpu_seconds / calls}


def measure(name: str, url: str, calls: int, in_flight: int) -> Measured:
    """Measure one contender in its own process."""
    arguments = ["--only", name, "--url", url, "--calls", str(calls), "--in-flight", str(in_flight)]
    process = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return dict(json.loads(process.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[32, 128, 256])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--contenders", nargs="+", default=list(CONTENDERS), choices=CONTENDERS)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(contend(options.only, options.url, options.calls, options.in_flight[0])))
        return
    print(
        f"{'in flight':>9} {'contender':<10} {'calls/s':>8} {'CPU ms/call':>12} {'÷ bare':>8} {'evaluate ÷ this':>16}"
    )
    for in_flight in options.in_flight:
        measured: dict[str, list[Measured]] = {name: [] for name in options.contenders}
        with endpoint.running(options.latency_ms) as url:
            for _ in range(options.rounds):
                for name, each in measured.items():
                    each.append(measure(name, url, options.calls // SLOW.get(name, 1), in_flight))
        medians = {
            name: {key: statistics.median(one[key] for one in each) for key in each[0]}
            for name, each in measured.items()
        }
        for name, figures in medians.items():
            rate = figures["calls_per_second"]
            of_bare = rate / medians["bare"]["calls_per_second"] if "bare" in medians else float("nan")
            times = medians["evaluate"]["calls_per_second"] / rate if "evaluate" in medians else float("nan")
            print(
                f"{in_flight:>9} {name:<10} {rate:>8,.0f} {figures['cpu_ms_per_call']:>12.2f} "
                f"{of_bare:>7.2f}x {times:>15.1f}x",
                flush=True,
            )


if __name__ == "__main__":
    main()
