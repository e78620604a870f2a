"""The parser against human verdicts on recorded completions of twenty models.

A verdict is the letter that the completion finally gives, or none; it does not depend on the gold letter.
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
MIN_PRECISION = 0.995
MIN_RECALL = 0.98
MIN_RECALL_BY_LETTER_ALONE = 0.91


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


def test_recorded_completions_all_have_a_verdict(completions: list[Any]) -> None:
    assert len(completions) == len(VERDICTS) == 1046


def test_parse_answer_agrees_with_the_verdicts(completions: list[Any]) -> None:
    precision, recall = _precision_and_recall(
        (parse_answer(line["completion"], line["options"]).letter, verdict) for line, verdict in completions
    )
    assert precision >= MIN_PRECISION
    assert recall >= MIN_RECALL


def test_parse_answer_without_option_texts_keeps_precision(completions: list[Any]) -> None:
    precision, recall = _precision_and_recall(
        (parse_answer(line["completion"], letters=tuple(line["options"])).letter, verdict)
        for line, verdict in completions
    )
    assert precision >= MIN_PRECISION
    assert recall >= MIN_RECALL_BY_LETTER_ALONE


def test_parse_answer_conflicts_are_rare(completions: list[Any]) -> None:
    rules = [parse_answer(line["completion"], line["options"]).rule for line, _ in completions]
    assert rules.count("conflict") <= len(rules) // 500
