"""Workload of the speed benchmarks: synthetic questions, and a program with five exemplars with rationales."""

import random
import time
from collections.abc import Callable
from functools import cache

from openmedlm.data import Question
from openmedlm.programs import CHAT, PromptProgram
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.prompt_program import FixedExemplars
from openmedlm.programs.sampling_params import SamplingParams

INSTRUCTIONS = "Answer the multiple-choice question about medicine."
_TEXT = """
patient fever cough artery renal acute chronic level therapy blood pressure presents with history of pain daily dose
loss weight years man woman examination shows most likely which following the and or after two left right cardiac
hepatic nerve muscle cell receptor enzyme deficiency infection culture gram positive negative
"""
WORDS = _TEXT.split()


def seconds(call: Callable[[], object]) -> float:
    """Return the wall-clock time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def questions(count: int, words: int = 60) -> list[Question]:
    """Return synthetic questions with `words` random words each."""
    source = random.Random(0)
    return [
        Question(
            id=f"q{number}",
            benchmark="made",
            split="test",
            question=f"Case {number}. " + " ".join(source.choices(WORDS, k=words)),
            options={letter: " ".join(source.choices(WORDS, k=5)) for letter in "ABCD"},
            answer=source.choice("ABCD"),
            subject=f"subject {number % 6}",
        )
        for number in range(count)
    ]


@cache
def exemplars(count: int = 5) -> tuple[Exemplar, ...]:
    """Return synthetic exemplars with rationales of 60 words."""
    source = random.Random(1)
    return tuple(
        Exemplar(question, " ".join(source.choices(WORDS, k=60))) for question in questions(count + 1_000)[1_000:]
    )


def program(votes: int = 1, *, temperature: float = 0.0, shuffle: bool = False) -> PromptProgram:
    """Return a few-shot chain-of-thought program with five exemplars."""
    decode = SamplingParams(temperature=temperature, max_tokens=512)
    fixed = FixedExemplars(exemplars())
    return PromptProgram("few-shot-cot", INSTRUCTIONS, CHAT, True, decode, fixed, votes, shuffle)
