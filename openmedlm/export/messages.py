"""Rendered prompts of a program as JSON lines."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from openmedlm.data import Question
from openmedlm.inference.request import Request
from openmedlm.inference.sampling import build_request
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt

RETRIEVAL_QUESTIONS = 256
"""Number of questions whose exemplars are retrieved together."""


class RenderedSample(NamedTuple):
    """Prompt of one vote.

    Attributes:
        question: The question, with its options in their own order.
        exemplars: Ids of the exemplars, in the order shown.
        sample_prompt: The prompt, its sample index, and its option order.
        request: The request that sends the prompt.
    """

    question: Question
    exemplars: list[str]
    sample_prompt: SamplePrompt
    request: Request


def render_samples(program: PromptProgram, questions: Sequence[Question]) -> Iterator[RenderedSample]:
    """Render the prompt of every vote of every question, in order."""
    for start in range(0, len(questions), RETRIEVAL_QUESTIONS):
        chunk = questions[start : start + RETRIEVAL_QUESTIONS]
        for question, retrieved in zip(chunk, program.exemplars.choose(chunk), strict=True):
            ids = [exemplar.question.id for exemplar in retrieved.exemplars]
            for sample_prompt in program.sample_prompts(question, retrieved.exemplars):
                yield RenderedSample(question, ids, sample_prompt, build_request(program, question, sample_prompt))


def message_lines(program: PromptProgram, questions: Sequence[Question]) -> Iterator[bytes]:
    """Yield one JSON line per vote of each question: the prompt, and the option order that decodes its answer."""
    for question, exemplars, sample_prompt, request in render_samples(program, questions):
        row = {
            "id": question.id,
            "sample": sample_prompt.sample,
            "order": sample_prompt.order,
            "gold": sample_prompt.shown.answer,
            "seed": request.seed,
            "exemplars": exemplars,
            "messages" if request.chat else "prompt": sample_prompt.prompt,
        }
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
