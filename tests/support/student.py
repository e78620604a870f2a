"""A model that knows the answers of a split, and gives them more often the more exemplars it sees."""

import hashlib
from collections.abc import Sequence

from model_server import Asked, Reply

from openmedlm.data import Question


class Student:
    """Answer with an accuracy that grows with the exemplars in the prompt; equal requests get equal replies.

    Args:
        questions: Questions whose answers it knows.
        bare: Probability without exemplars.
        taught: Probability with five or more exemplars.
    """

    def __init__(self, questions: Sequence[Question], bare: float = 0.3, taught: float = 0.9) -> None:
        self._golds = {question.question: question.options[question.answer] for question in questions}
        self._bare, self._taught = bare, taught

    def __call__(self, request: Asked) -> Reply:
        exemplars = max(0, (len(request.prompt) - 2) // 2)
        probability = self._bare + (self._taught - self._bare) * min(exemplars, 5) / 5
        draw = int.from_bytes(hashlib.sha256(request.identity).digest()[:4]) / 2**32
        shown = dict(line.split(". ", 1) for line in request.question.splitlines() if line[1:3] == ". ")
        gold = next(text for stem, text in self._golds.items() if stem in request.question)
        right = next(letter for letter, text in shown.items() if text == gold)
        wrong = next(letter for letter in shown if letter != right)
        return Reply(f"Answer: {right if draw < probability else wrong}")
