"""Prompts of the checks, written for this project."""

from dataclasses import dataclass

from openmedlm.data import Question
from openmedlm.programs import Exemplar, Prompt, Template

INSTRUCTIONS = "Answer the multiple-choice question. Exactly one option is right."

QUESTION = Question(
    "asked",
    "doctor",
    "dev",
    "Which of these animals can fly?",
    {"A": "Horse", "B": "Eagle", "C": "Salmon", "D": "Frog"},
    "B",
)

EXEMPLARS = (
    Exemplar(
        Question(
            "fruit",
            "doctor",
            "pool",
            "Which of these is a fruit?",
            {"A": "Chair", "B": "Spoon", "C": "Apple", "D": "Stone"},
            "C",
        )
    ),
    Exemplar(
        Question(
            "day",
            "doctor",
            "pool",
            "Which of these is a day of the week?",
            {"A": "Monday", "B": "Winter", "C": "Noon", "D": "April"},
            "A",
        )
    ),
)

OPEN_TEXT = "Write three sentences about reasons to wash your hands before a meal."

UNFINISHED = ("Which city is the capital of France?", "The capital of France is the city of Par")
"""Question, and an answer that breaks off inside a word; only its continuation begins with the rest of the word."""

UNFINISHED_REST = "is"

MAX_LINES = 80
"""Lines of the long prompt, which has about 1,300 tokens then; OpenAI's prefix cache begins at 1,024."""

MIN_LINES = 16
"""Lines of the long prompt for a slow server: more tokens than a block of vLLM's prefix cache."""

LINE_TOKENS = 16

_PLACES = ("kitchen", "garden", "cellar", "attic", "office", "garage", "hall")
_THINGS = ("spoon", "towel", "candle", "bottle", "carpet")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts of the checks under a template.

    Example:
        >>> from openmedlm.programs import TEMPLATES
        >>> [message["role"] for message in Prompts(TEMPLATES["chat"]).question()]
        ['system', 'user']
    """

    template: Template

    def question(self, exemplars: tuple[Exemplar, ...] = ()) -> Prompt:
        """Return the multiple-choice question, after exemplars if there are any."""
        return self.template.render(INSTRUCTIONS, exemplars, QUESTION, reasoning=False)

    def open_text(self) -> Prompt:
        """Return a request for a few sentences, whose text may vary."""
        return self._user(OPEN_TEXT)

    def long(self, nonce: str, lines: int) -> Prompt:
        """Return a list of that many lines, which begins with the nonce so that no cache has it yet."""
        shown = [
            f"The {_THINGS[number % len(_THINGS)]} in the {_PLACES[number % len(_PLACES)]} is clean, and it is dry."
            for number in range(lines)
        ]
        return self._user("\n".join([f"List {nonce}.", *shown, "Which place does the list name first?"]))

    def _user(self, text: str) -> Prompt:
        return text + "\n" if self.template.kind == "completion" else ({"role": "user", "content": text},)
