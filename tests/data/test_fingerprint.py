from dataclasses import replace
from pathlib import Path
from typing import Any

from openmedlm.data.files import read_questions, write_questions
from openmedlm.data.fingerprint import fingerprint
from openmedlm.data.schema import question_from_record


def test_fingerprint_depends_on_fields_and_order(make_record: Any) -> None:
    first, second = (question_from_record(make_record(n), "FILE") for n in range(2))
    changed = [
        [second, first],
        [first],
        [replace(first, split="test"), second],
        [replace(first, answer="A"), second],
        [replace(first, options={**first.options, "C": "Kidney"}), second],
        [replace(first, context=("An abstract.",)), second],
    ]
    prints = {fingerprint(questions) for questions in [[first, second], *changed]}
    assert len(prints) == 1 + len(changed)


def test_fingerprint_is_the_same_after_a_file_round_trip(make_record: Any, tmp_path: Path) -> None:
    questions = [question_from_record(make_record(n, question="naïve µ?"), "FILE") for n in range(3)]
    write_questions(tmp_path / "q.jsonl", questions)
    assert fingerprint(read_questions(tmp_path / "q.jsonl", "invented", "dev")) == fingerprint(questions)


def test_fingerprint_has_the_known_value(make_record: Any) -> None:
    question = question_from_record(make_record(), "FILE")
    assert fingerprint([question]) == "91b015fcdcfbc52535522759b91135623a85ff9fcca46d557f0c00809a04cf40"
