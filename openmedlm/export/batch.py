"""Requests of a program as an OpenAI batch file."""

from collections.abc import Iterator, Sequence

import orjson

from openmedlm.data import Question
from openmedlm.export.messages import render_samples
from openmedlm.inference import Endpoint
from openmedlm.inference.request_body import request_body
from openmedlm.programs.prompt_program import PromptProgram


def batch_lines(program: PromptProgram, questions: Sequence[Question], model: str) -> Iterator[bytes]:
    """Yield one batch line per vote of each question; `custom_id` is question id, sample index and option order."""
    endpoint = Endpoint(model, identity=model, served_name=model, base_url=None)
    for question, _, sample_prompt, request in render_samples(program, questions):
        row = {
            "custom_id": f"{question.id}|{sample_prompt.sample}|{sample_prompt.order}",
            "method": "POST",
            "url": "/v1/chat/completions" if request.chat else "/v1/completions",
            "body": request_body(request, endpoint),
        }
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
