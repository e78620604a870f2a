"""The reader against the verdicts of a careful reader on recorded completions of twenty models.

The verdicts name, for each completion, the letter that it finally gives, or none; the gold letter had no part in them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from openmedlm.metrics.answer_parsing import parse_answer

VERDICTS: Mapping[str, Mapping[str, str | None]] = json.loads(
    Path(__file__).with_name("recorded_verdicts.json").read_text(encoding="utf-8")
)
LEAST_PRECISION = 0.995
LEAST_RECALL = 0.98
LEAST_RECALL_BY_LETTER_ALONE = 0.91


@pytest.fixture(scope="module")
def completions(recorded: Path) -> list[tuple[Mapping[str, Any], str | None]]:
    with recorded.open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [(line, VERDICTS[key]["letter"]) for line in lines if (key := _key(line)) in VERDICTS]


def _key(line: Mapping[str, Any]) -> str:
    return "|".join(str(line[name]) for name in ("qid", "model", "method", "sample"))


def _precision_and_recall(pairs: Iterator[tuple[str | None, str | None]]) -> tuple[float, float]:
    judged = list(pairs)
    right = sum(read is not None and read == verdict for read, verdict in judged)
    return right / sum(read is not None for read, _ in judged), right / sum(
        verdict is not None for _, verdict in judged
    )


def test_every_recorded_completion_has_its_verdict(completions: list[Any]) -> None:
    assert len(completions) == len(VERDICTS) == 1046


def test_letters_are_read_as_a_careful_reader_reads_them(completions: list[Any]) -> None:
    precision, recall = _precision_and_recall(
        (parse_answer(line["completion"], line["options"]).letter, verdict) for line, verdict in completions
    )
    assert precision >= LEAST_PRECISION
    assert recall >= LEAST_RECALL


def test_without_the_options_texts_less_is_read_and_still_nothing_guessed(completions: list[Any]) -> None:
    precision, recall = _precision_and_recall(
        (parse_answer(line["completion"], letters=tuple(line["options"])).letter, verdict)
        for line, verdict in completions
    )
    assert precision >= LEAST_PRECISION
    assert recall >= LEAST_RECALL_BY_LETTER_ALONE


def test_a_letter_that_contradicts_the_text_beside_it_is_rare(completions: list[Any]) -> None:
    rules = [parse_answer(line["completion"], line["options"]).rule for line, _ in completions]
    assert rules.count("conflict") <= len(rules) // 500
