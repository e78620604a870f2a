"""Notices about options that a reader or a parser can confuse."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from openmedlm.terminal.console import count_noun, one_line

if TYPE_CHECKING:
    from openmedlm.data import Question

MAX_SHOWN = 10
"""Number of questions that a notice names."""

_REPEATED_GOLD = (
    "with the text of the gold answer in two options, of which only one counts as right",
    "Change one of the texts, or remove the option.",
)
_REPEATED_WRONG = ("with the same text in two wrong options", "Change one of the texts, or remove the option.")
_OWN_LETTERS = (
    'with letters inside the option texts, so that prompts show "A. A. …"',
    "Import the file with --strip-letters, or remove the letters.",
)
_OTHER_LETTERS = (
    "with letters inside the option texts that differ from the letters of the options, so that an answer may mean "
    "either of two options",
    "Check the gold answers, and remove the letters.",
)
"""Problem and fix of each kind of notice."""


def option_notices(questions: "Sequence[Question]") -> dict[str, Any]:
    """Print a notice on stderr for each kind of confusable options, and return the fields for `--json`."""
    from openmedlm.data import find_own_letters, find_repeated_options

    repeated = find_repeated_options(questions)
    own_letters = find_own_letters(questions)
    for found, (problem, fix) in (
        ([each for each in repeated if each.gold], _REPEATED_GOLD),
        ([each for each in repeated if not each.gold], _REPEATED_WRONG),
        ([each for each in own_letters if each.matching], _OWN_LETTERS),
        ([each for each in own_letters if not each.matching], _OTHER_LETTERS),
    ):
        _print([(each.question, each.letters) for each in found], problem, fix)
    return {
        "repeated_options": [found.as_json() for found in repeated],
        "own_letters": [found.as_json() for found in own_letters],
    }


def _print(found: "Sequence[tuple[Question, Sequence[str]]]", problem: str, fix: str) -> None:
    if not found:
        return
    count = len({(question.benchmark, question.split, question.id) for question, _ in found})
    names = [f"{q.benchmark} {q.split} {q.id} ({' '.join(letters)})" for q, letters in found[:MAX_SHOWN]]
    hidden = len(found) - len(names)
    more = f", and {hidden:,} more; --json lists all" if hidden else ""
    print(
        one_line(f"notice: {count_noun(count, 'question')} {problem}: {', '.join(names)}{more}. {fix}"), file=sys.stderr
    )
