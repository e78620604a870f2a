"""The pool as a file, and its exemplars."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import Question, UserError
from openmedlm.optimizers.rationales import RationalePool, RationaleRecord, add_to_pool, read_pool
from openmedlm.optimizers.rationales.pool import question_sha256

Ask = Callable[..., Question]


def verified(question: Question, rationale: str = "It is on the chart.", **fields: Any) -> RationaleRecord:
    values: dict[str, Any] = {
        "question": question.id,
        "question_sha256": question_sha256(question),
        "teacher": "hosted_vllm/wise",
        "letters": (question.answer,),
        "rationale": rationale,
        "order": "".join(question.options),
    }
    return RationaleRecord(**{**values, **fields})


def failed(question: Question, *letters: str | None) -> RationaleRecord:
    return verified(question, letters=letters, rationale=None, order=None)


texts = st.text(st.characters(codec="utf-8"), max_size=30)
tokens = st.integers(0, 2**53 - 1)
entries = st.builds(
    RationaleRecord,
    question=texts,
    question_sha256=texts,
    teacher=texts,
    letters=st.lists(st.sampled_from(["A", "B", "Z", None]), max_size=5).map(tuple),
    rationale=texts | st.none(),
    order=st.sampled_from(["ABCD", "DBCA", None]),
    prompt_tokens=tokens,
    completion_tokens=tokens,
    cost_usd=st.floats(0, 1e6) | st.none(),
    prompt_sha256=texts | st.none(),
    key=texts | st.none(),
)


@given(records=st.lists(entries, max_size=6, unique_by=lambda entry: entry.question))
def test_add_to_pool_round_trip_is_equal(records: list[RationaleRecord], tmp_path_factory: Any) -> None:
    file = tmp_path_factory.mktemp("pool") / "deep" / "pool.jsonl"
    added = add_to_pool(file, records)
    assert read_pool(file) == added
    assert set(added.records) == set(records)


def test_pool_file_is_jsonl_sorted_by_question(make_question: Ask, tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    for number in (2, 0, 1):
        add_to_pool(file, [verified(make_question(number), "Line\u2028one.\nLine two.")])
    lines = file.read_bytes().removesuffix(b"\n").split(b"\n")
    assert [orjson.loads(line)["question"] for line in lines] == ["q000", "q001", "q002"]
    assert orjson.loads(lines[0])["letters"] == ["A"]


def test_pool_bytes_do_not_depend_on_order(make_question: Ask, tmp_path: Path) -> None:
    news = [verified(make_question(number)) for number in range(5)]
    add_to_pool(tmp_path / "one.jsonl", news)
    for record in reversed(news):
        add_to_pool(tmp_path / "other.jsonl", [record])
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "other.jsonl").read_bytes()


def test_read_pool_of_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert read_pool(tmp_path / "none.jsonl") == RationalePool()


def test_merge_keeps_a_verified_rationale(make_question: Ask) -> None:
    question = make_question()
    first = verified(question, "The first.")
    pool = RationalePool((first,))
    assert pool.merge([failed(question, "B", "C")]).get(question) == first
    assert pool.merge([verified(question, "A second.")]).get(question) == first


def test_merge_prefers_rationales_and_more_rounds(make_question: Ask) -> None:
    question = make_question()
    pool = RationalePool((failed(question, "B"),))
    assert pool.merge([failed(question, "B", "C")]).get(question) == failed(question, "B", "C")
    right = verified(question, letters=("B", "A"))
    assert pool.merge([right]).get(question) == right


def test_merge_of_new_questions_keeps_the_others(make_question: Ask) -> None:
    old = tuple(verified(make_question(number)) for number in range(3))
    pool = RationalePool(old).merge([failed(make_question(7), "A")])
    assert pool.records == (*old, failed(make_question(7), "A"))


@pytest.mark.parametrize(
    "change",
    [
        {"question": "Which bone has number 0 on the chart?"},
        {"options": {"A": "gold", "B": "organ B", "C": "organ C", "D": "changed"}},
        {"options": {"A": "organ B", "B": "gold", "C": "organ C", "D": "organ D"}},
        {"answer": "B"},
        {"context": ("A paragraph.",)},
        {"benchmark": "another"},
    ],
    ids=lambda change: "+".join(change),
)
def test_pool_ignores_a_changed_question(make_question: Ask, change: dict[str, Any]) -> None:
    question = make_question()
    pool = RationalePool((verified(question),))
    other = replace(question, **change)
    assert pool.get(question) is not None
    assert pool.get(other) is None
    assert pool.exemplar(other).rationale is None


def test_same_id_of_two_data_sets_keeps_both(make_question: Ask) -> None:
    question = make_question()
    now = replace(question, question="Which bone has number 0 on the chart?")
    pool = RationalePool((verified(question, "Of then."),)).merge([verified(now, "Of now.")])
    assert pool.exemplar(now).rationale == "Of now."
    assert pool.exemplar(question).rationale == "Of then."


def test_pool_finds_a_question_of_another_split(make_question: Ask) -> None:
    question = make_question()
    pool = RationalePool((verified(question),))
    assert pool.get(replace(question, split="dev")) is not None


def test_exemplar_has_the_teachers_option_order(make_question: Ask) -> None:
    question = make_question()
    exemplar = RationalePool((verified(question, "C is gold.", order="DBAC"),)).exemplar(question)
    assert list(exemplar.question.options.values()) == ["organ D", "organ B", "gold", "organ C"]
    assert (exemplar.question.answer, exemplar.rationale, exemplar.teacher) == ("C", "C is gold.", "hosted_vllm/wise")


def test_exemplar_without_rationale_is_plain(make_question: Ask) -> None:
    question = make_question()
    exemplar = RationalePool((failed(question, "B", None),)).exemplar(question)
    assert (exemplar.question, exemplar.rationale, exemplar.teacher) == (question, None, None)


GOOD = asdict(RationaleRecord("q", "0" * 64, "wise", ("A",), "Why.", "ABCD"))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        orjson.dumps(GOOD)[:-9],
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        orjson.dumps({name: value for name, value in GOOD.items() if name != "letters"}),
        orjson.dumps({name: value for name, value in GOOD.items() if name != "question_sha256"}),
        orjson.dumps(GOOD | {"more": 1}),
        orjson.dumps(GOOD | {"letters": None}),
    ],
)
def test_read_pool_damaged_line_names_the_row(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    file.write_bytes(orjson.dumps(GOOD) + b"\n" + line + b"\n" + orjson.dumps(GOOD) + b"\n")
    with pytest.raises(UserError, match=r"pool\.jsonl:2\b") as refused:
        read_pool(file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"rationale": 5},
        {"letters": "ABC"},
        {"letters": [1]},
        {"order": ["A"]},
        {"question": None},
        {"prompt_tokens": "1"},
    ],
    ids=str,
)
def test_read_pool_with_a_wrong_type_names_the_row(change: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    file.write_bytes(orjson.dumps(GOOD) + b"\n" + orjson.dumps(GOOD | change) + b"\n")
    with pytest.raises(UserError, match=r"pool\.jsonl:2\b"):
        read_pool(file)


@pytest.mark.parametrize("order", ["ABC", "AABC", "ABCE", ""])
def test_exemplar_with_a_wrong_order_is_refused(order: str, make_question: Ask, tmp_path: Path) -> None:
    question = make_question()
    file = tmp_path / "pool.jsonl"
    add_to_pool(file, [verified(question, order=order)])
    with pytest.raises(UserError, match="q000"):
        read_pool(file).exemplar(question)


def test_add_to_pool_of_another_teacher_is_refused(make_question: Ask, tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    add_to_pool(file, [verified(make_question(1))])
    before = file.read_bytes()
    with pytest.raises(UserError, match=r"holds rationales of .* with -o"):
        add_to_pool(file, [replace(verified(make_question(2)), teacher="another")])
    assert file.read_bytes() == before


def test_add_to_pool_unwritable_file_is_refused(make_question: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Name a writable file with -o"):
        add_to_pool(tmp_path / "file" / "pool.jsonl", [verified(make_question())])


def test_add_to_pool_keeps_a_damaged_file(make_question: Ask, tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    file.write_bytes(b"precious, but no pool\n")
    with pytest.raises(UserError):
        add_to_pool(file, [verified(make_question())])
    assert file.read_bytes() == b"precious, but no pool\n"


def test_read_pool_of_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Name a readable file"):
        read_pool(tmp_path)


def test_concurrent_add_to_pool_loses_nothing(tmp_path: Path) -> None:
    """Each process adds thirty rationales, and thirty failures for questions that the other has a rationale for."""
    file = tmp_path / "pool.jsonl"
    code = f"""
import sys
from pathlib import Path
from openmedlm.optimizers.rationales import RationaleRecord, add_to_pool
me, other = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
for n in range(30):
    name = f"{{me}}{{n}}"
    add_to_pool(Path({str(file)!r}), [RationaleRecord(name, "0", "wise", ("A",), "Why.", "ABCD")])
    add_to_pool(Path({str(file)!r}), [RationaleRecord(f"{{other}}{{n}}", "0", "wise", ("B",))])
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for names in (("x", "y"), ("y", "x"))
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(60) for process in running] == [0, 0]
    pool = read_pool(file)
    assert sorted(record.question for record in pool.records) == sorted(f"{me}{n}" for me in "xy" for n in range(30))
    assert all(record.rationale == "Why." and record.teacher == "wise" for record in pool.records)
