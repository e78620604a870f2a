"""Stored names in `program.json`."""

import pytest

from openmedlm.programs.frozen import DataSource, DevScore, to_stored_unreadable

QUESTIONS = DataSource(benchmark="mmlu", split="dev", source="sample", count=1, sha256="0" * 64)


@pytest.mark.parametrize(
    ("on_unparsed", "stored"), [("resample", "again"), ("constrain", "close"), ("skip", "leave"), ("auto", "auto")]
)
def test_unparsed_treatment_maps_both_ways(on_unparsed: str, stored: str) -> None:
    assert to_stored_unreadable(on_unparsed) == stored
    numbers = dict.fromkeys(["unanswered", "errors", "calls", "prompt_tokens", "completion_tokens"], 0)
    dev = DevScore(
        questions=QUESTIONS, unreadable=stored, n=1, correct=1, accuracy=1.0, ci_low=0.2, ci_high=1.0, **numbers
    )
    assert (dev.model_dump()["unreadable"], dev.on_unparsed) == (stored, on_unparsed)
