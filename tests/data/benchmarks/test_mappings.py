"""Conversion of a row in the hub's schema to a question."""

from collections.abc import Mapping
from typing import Any

import pytest

from openmedlm.data.benchmarks import BENCHMARKS
from openmedlm.data.benchmarks.pubmedqa import official_test_ids
from openmedlm.data.question import SPLITS, Question
from openmedlm.data.schema import question_from_record
from openmedlm.utils.errors import UserError


def mapped(name: str, split: str, row: Mapping[str, Any], index: int = 7, table: int = 0) -> Question:
    benchmark = BENCHMARKS[name]
    record = benchmark.record_from_hub(row, benchmark.official(split).tables[table], index)
    return question_from_record(record, "hub:7", name, split)


MEDQA_ROW = {
    "question": "An invented vignette?",
    "answer": "Quinine",
    "options": {"A": "Iron", "B": "Zinc", "C": "Quinine", "D": "Salt"},
    "meta_info": "step2&3",
    "answer_idx": "C",
    "metamap_phrases": ["vignette"],
}
MEDQA_DEV_ROW = {
    "id": "dev-00007",
    "sent1": "An invented vignette?",
    "sent2": "",
    "ending0": "Iron",
    "ending1": "Zinc",
    "ending2": "Quinine",
    "ending3": "Salt",
    "label": 2,
}


@pytest.mark.parametrize(
    ("split", "row", "id_", "subject"),
    [
        ("pool", MEDQA_ROW, "medqa-train-00007", "step2&3"),
        ("dev", MEDQA_DEV_ROW, "medqa-dev-0007", None),
        ("test", MEDQA_ROW, "medqa-test-0007", "step2&3"),
    ],
)
def test_record_from_hub_medqa(split: str, row: dict[str, Any], id_: str, subject: str | None) -> None:
    options = {"A": "Iron", "B": "Zinc", "C": "Quinine", "D": "Salt"}
    assert mapped("medqa", split, row) == Question(id_, "medqa", split, "An invented vignette?", options, "C", subject)


MEDMCQA_ROW = {
    "id": "0f0f-11",
    "question": "An invented fact is",
    "opa": "one",
    "opb": "two",
    "opc": "three",
    "opd": "four",
    "cop": 3,
    "choice_type": "single",
    "exp": "Because of four.",
    "subject_name": "Anatomy",
    "topic_name": None,
}


@pytest.mark.parametrize(("split", "id_"), [("dev", "medmcqa-train-000007"), ("test", "medmcqa-validation-0f0f-11")])
def test_record_from_hub_medmcqa(split: str, id_: str) -> None:
    options = {"A": "one", "B": "two", "C": "three", "D": "four"}
    assert mapped("medmcqa", split, MEDMCQA_ROW) == Question(
        id_, "medmcqa", split, "An invented fact is", options, "D", "Anatomy", explanation="Because of four."
    )


@pytest.mark.parametrize(("decision", "letter"), [("yes", "A"), ("no", "B"), ("maybe", "C")])
def test_record_from_hub_pubmedqa(decision: str, letter: str) -> None:
    row = {
        "pubid": 4321,
        "question": "Does it?",
        "context": {
            "contexts": ["A background.", "Some results."],
            "labels": ["BACKGROUND", "RESULTS"],
            "meshes": ["Humans"],
            "reasoning_required_pred": ["y"],
            "reasoning_free_pred": ["y"],
        },
        "long_answer": "It seems so.",
        "final_decision": decision,
    }
    assert mapped("pubmedqa", "test", row) == Question(
        "pubmedqa-4321",
        "pubmedqa",
        "test",
        "Does it?",
        {"A": "yes", "B": "no", "C": "maybe"},
        letter,
        context=("A background.", "Some results."),
        explanation="It seems so.",
    )


@pytest.mark.parametrize(("split", "official"), [("pool", "dev"), ("dev", "val"), ("test", "test")])
def test_record_from_hub_mmlu(split: str, official: str) -> None:
    row = {"question": "Which bone?", "subject": "clinical_knowledge", "choices": ["a", "b", "c", "d"], "answer": 1}
    assert mapped("mmlu", split, row, table=1) == Question(
        f"mmlu-clinical_knowledge-{official}-007",
        "mmlu",
        split,
        "Which bone?",
        {"A": "a", "B": "b", "C": "c", "D": "d"},
        "B",
        "clinical_knowledge",
    )


@pytest.mark.parametrize(
    ("name", "split", "row"),
    [
        ("medmcqa", "test", {**MEDMCQA_ROW, "cop": -1}),
        ("medqa", "dev", {**MEDQA_DEV_ROW, "label": 4}),
        ("mmlu", "test", {"question": "Q?", "choices": ["a", "b", "c", "d"], "answer": 4}),
    ],
)
def test_record_from_hub_without_gold_is_refused(name: str, split: str, row: dict[str, Any]) -> None:
    with pytest.raises(UserError, match='hub:7: "answer" is missing'):
        mapped(name, split, row)


def test_official_test_ids_belong_only_to_the_test_split() -> None:
    benchmark = BENCHMARKS["pubmedqa"]
    ids = official_test_ids()
    assert len(ids) == 500
    for split in SPLITS:
        question = Question(min(ids), "pubmedqa", split, "Does it?", {"A": "yes", "B": "no"}, "A")
        assert benchmark.official(split).contains(question) == (split == "test")
