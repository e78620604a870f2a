"""Tests of a Ray worker, run without Ray."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from model_server import ModelServer

from openmedlm.data import Question
from openmedlm.inference import Limits, Policy, find_endpoint
from openmedlm.inference.cache import this_machine
from openmedlm.inference.ray_engine import Job, Shard, Worker
from openmedlm.programs import PromptProgram


@pytest.mark.parametrize("with_prompts", [False, True])
def test_worker_returns_prompts_only_on_request(
    with_prompts: bool,
    server: ModelServer,
    tmp_path: Path,
    make_program: Callable[..., PromptProgram],
    make_question: Callable[..., Question],
) -> None:
    program, questions = make_program(votes=3, shuffle=True), [make_question(number) for number in range(4)]

    async def answer() -> Shard:
        endpoint = find_endpoint("hosted_vllm/small", server.base_url)
        place = str(tmp_path / "cache.sqlite")
        worker = Worker(Job(endpoint, Policy(), 20.0, place, this_machine(), None, Limits(), 1.0, None))
        reference: asyncio.Future[PromptProgram] = asyncio.get_running_loop().create_future()
        reference.set_result(program)
        return await worker.answer([reference], program.digest(), questions, with_prompts)

    shard = asyncio.run(answer())
    assert [outcome.question_id for outcome in shard.outcomes] == ["q0", "q1", "q2", "q3"]
    prompts = {
        position: program.sample_prompts(question, ())[: len(outcome.votes)]
        for position, (question, outcome) in enumerate(zip(questions, shard.outcomes, strict=True))
    }
    assert shard.prompts == (prompts if with_prompts else {})
