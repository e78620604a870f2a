import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.question import Question
from openmedlm.runs.external_completions import read_completions, score_outcomes
from openmedlm.utils.errors import UserError

Write = Callable[..., Path]
OPTIONS = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin"}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_lines(*lines: dict[str, Any] | str) -> Path:
        path = tmp_path / "file.jsonl"
        path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), encoding="utf-8")
        return path

    return write_lines


def question(answer: str = "B", subject: str | None = "haematology") -> dict[str, Question]:
    return {"q": Question("q", "mine", "test", "Which?", OPTIONS, answer, subject)}


def test_lines_with_one_qid_are_ordered_samples(write: Write) -> None:
    path = write(
        {"qid": "q1", "gold": "B", "completion": "A"},
        {"qid": "q2", "gold": "C", "completion": "The answer is C."},
        {"qid": "q1", "gold": "B", "completion": "Answer: B"},
        {"qid": "q1", "gold": "B", "completion": "no idea"},
    )
    first, second = score_outcomes(read_completions(path))[""]
    assert [vote.letter for vote in first.votes] == ["A", "B", None]
    assert (first.question_id, first.answer, first.correct) == ("q1", "A", False)
    assert (second.answer, second.correct, second.subject) == ("C", True, None)


def test_parsed_letters_are_voted_on(write: Write) -> None:
    path = write({"qid": "q", "gold": "B", "letters": ["C", None, "B", "B"]})
    (outcome,) = score_outcomes(read_completions(path))[""]
    assert (outcome.answer, len(outcome.votes), outcome.correct) == ("B", 4, True)


def test_votes_limits_the_samples_of_each_question(write: Write) -> None:
    path = write({"qid": "q1", "gold": "B", "letters": ["C", "B", "B"]}, {"qid": "q2", "gold": "B", "letters": ["B"]})
    outcomes = score_outcomes(read_completions(path), votes=2)[""]
    assert [(outcome.answer, len(outcome.votes)) for outcome in outcomes] == [("C", 2), ("B", 1)]
    with pytest.raises(ValueError, match="at least 1"):
        score_outcomes((), votes=0)


def test_integer_samples_are_sorted(write: Write) -> None:
    lines = [{"qid": "q", "gold": "B", "completion": letter, "sample": n} for letter, n in [("C", 10), ("B", 2)]]
    (outcome,) = score_outcomes(read_completions(write(*lines)), votes=1)[""]
    assert outcome.answer == "B"
    lines[0]["sample"] = "final"
    (outcome,) = score_outcomes(read_completions(write(*lines)), votes=1)[""]
    assert outcome.answer == "C"


def test_models_are_scored_separately(write: Write) -> None:
    path = write(
        {"qid": "q", "gold": "B", "completion": "A", "model": "small", "sample": 0},
        {"qid": "q", "gold": "B", "completion": "B", "model": "large", "sample": 0},
    )
    scored = score_outcomes(read_completions(path))
    assert {model: [o.correct for o in outcomes] for model, outcomes in scored.items()} == {
        "small": [False],
        "large": [True],
    }


def test_completion_uses_own_then_benchmark_then_no_options(write: Write) -> None:
    by_text = {"qid": "q", "gold": "B", "completion": "Heparin"}
    (own,) = score_outcomes(read_completions(write(by_text | {"options": OPTIONS})))[""]
    (known,) = score_outcomes(read_completions(write(by_text)), questions=question())[""]
    (bare,) = score_outcomes(read_completions(write(by_text)))[""]
    assert (own.answer, known.answer, bare.answer) == ("B", "B", None)
    assert (known.benchmark, known.subject) == ("mine", "haematology")


@pytest.mark.parametrize(("gold", "letter", "answer"), [("A", "E", "E"), ("A", "G", None), ("G", "G", "G")])
def test_letters_without_options_are_a_to_e_and_gold(write: Write, gold: str, letter: str, answer: str | None) -> None:
    (outcome,) = score_outcomes(read_completions(write({"qid": "q", "gold": gold, "completion": letter})))[""]
    assert outcome.answer == answer


def test_byte_order_mark_blank_lines_and_other_keys_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    line = json.dumps({"qid": "q", "gold": "A", "completion": "A", "latency": 3.2, "options": None, "model": None})
    path.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n  \n")
    (read,) = read_completions(path)
    assert (read.qid, read.where, read.options, read.model) == ("q", f"{path}:1", None, "")


GOOD = {"qid": "q", "gold": "A", "completion": "A"}


@pytest.mark.parametrize(
    ("lines", "row", "problem"),
    [
        (["{'qid': 1}"], 1, "not JSON"),
        ([GOOD, '{"qid": "q", "gold": "A", "gold": "B", "completion": "A"}'], 2, '"gold" occurs twice'),
        ([GOOD, '{"qid": "q"'], 2, "not JSON"),
        (["9" * 5000], 1, "too long"),
        (["[" * 100_000], 1, "too deep"),
        (["[1]"], 1, "not a JSON object"),
        ([{"gold": "A", "completion": "A"}], 1, '"qid"'),
        ([GOOD | {"qid": 7}], 1, '"qid"'),
        ([GOOD | {"qid": " "}], 1, '"qid"'),
        ([{"qid": "q", "completion": "A"}], 1, '"gold"'),
        ([GOOD | {"gold": "a"}], 1, '"gold"'),
        ([GOOD | {"gold": ""}], 1, '"gold"'),
        ([GOOD | {"gold": "D", "options": OPTIONS}], 1, '"D" is not among the options A, B, C'),
        ([{"qid": "q", "gold": "A"}], 1, 'either "completion" or "letters"'),
        ([GOOD | {"letters": ["A"]}], 1, 'either "completion" or "letters"'),
        ([GOOD | {"completion": ["A"]}], 1, '"completion"'),
        ([{"qid": "q", "gold": "A", "letters": "A"}], 1, '"letters"'),
        ([{"qid": "q", "gold": "A", "letters": ["A", "b"]}], 1, '"b" in "letters"'),
        ([{"qid": "q", "gold": "A", "letters": ["D"], "options": OPTIONS}], 1, '"D" is not among the options'),
        ([GOOD | {"options": ["Aspirin"]}], 1, '"options"'),
        ([GOOD | {"options": {"A": 1}}], 1, 'option "A"'),
        ([GOOD | {"options": {"a": "Aspirin"}}], 1, 'option "a"'),
        ([GOOD | {"sample": 0.5}], 1, '"sample"'),
        ([GOOD | {"sample": True}], 1, '"sample"'),
        ([GOOD | {"model": 4}], 1, '"model"'),
        ([GOOD, "", GOOD | {"gold": "B"}], 3, "A in row 1"),
        ([GOOD, GOOD | {"options": OPTIONS}], 2, "differ from row 1"),
        ([GOOD, {"qid": "q", "gold": "A", "letters": ["A"]}], 2, "row 1 has the other"),
        ([GOOD | {"sample": 1}, GOOD | {"sample": 2}, GOOD | {"sample": 1}], 3, "in row 1 too"),
    ],
)
def test_malformed_line_is_one_line_with_its_row(write: Write, lines: list[Any], row: int, problem: str) -> None:
    path = write(*lines)
    with pytest.raises(UserError) as raised:
        read_completions(path)
    message = str(raised.value)
    assert message.startswith(f"{path}:{row}: ")
    assert problem in message
    assert "\n" not in message


def test_lone_surrogate_in_a_completion_is_replaced(write: Write) -> None:
    (line,) = read_completions(write({"qid": "q", "gold": "A", "completion": "\ud83d Answer: A \ud83e\udd12"}))
    assert line.completion == "\ufffd Answer: A \U0001f912"


@pytest.mark.parametrize("key", ["qid", "model", "method", "benchmark", "sample"])
def test_lone_surrogate_in_a_name_is_refused(write: Write, key: str) -> None:
    with pytest.raises(UserError, match=r"file\.jsonl:1: .*lone surrogate"):
        read_completions(write(GOOD | {key: "x\ud800"}))


def test_lone_surrogate_in_an_option_is_refused(write: Write) -> None:
    with pytest.raises(UserError, match=r"file\.jsonl:1: .*lone surrogate"):
        read_completions(write(GOOD | {"options": {"A": "x\ud800", "B": "y"}}))


def test_file_empty_missing_or_not_utf_8_is_named(tmp_path: Path) -> None:
    empty, latin = tmp_path / "empty.jsonl", tmp_path / "latin.jsonl"
    empty.write_text("\n  \n")
    latin.write_bytes(b'{"qid": "q", "gold": "A", "completion": "A"}\n{"qid": "na\xefve"}\n')
    for path, problem in [
        (empty, "no line"),
        (tmp_path / "none.jsonl", "no such file"),
        (tmp_path, "cannot read"),
    ]:
        with pytest.raises(UserError, match=problem):
            read_completions(path)
    with pytest.raises(UserError, match=r"latin\.jsonl:2: byte 12 is not UTF-8"):
        read_completions(latin)


def test_two_methods_may_share_sample_indices(write: Write) -> None:
    lines = [GOOD | {"model": "m", "method": method, "sample": 0} for method in ("cot", "direct")]
    (outcome,) = score_outcomes(read_completions(write(*lines)))["m"]
    assert len(outcome.votes) == 2


def test_line_unknown_to_or_against_the_benchmark_is_refused(write: Write) -> None:
    unknown = read_completions(write(GOOD | {"qid": "other"}))
    with pytest.raises(UserError, match=r"file\.jsonl:1: other is not a question of the benchmark"):
        score_outcomes(unknown, questions=question())
    contradicting = read_completions(write(GOOD))
    with pytest.raises(UserError, match=r"file\.jsonl:1: the gold letter of q is A, but B"):
        score_outcomes(contradicting, questions=question())


def test_line_with_own_options_keeps_its_letters(write: Write) -> None:
    shuffled = {"A": "Heparin", "B": "Warfarin", "C": "Aspirin"}
    path = write({"qid": "q", "gold": "A", "completion": "heparin", "options": shuffled})
    (outcome,) = score_outcomes(read_completions(path), questions=question())[""]
    assert (outcome.answer, outcome.correct) == ("A", True)


def test_recorded_completions_are_all_read(recorded: Path) -> None:
    lines = read_completions(recorded)
    scored = score_outcomes(lines)
    assert len(lines) == 1046
    assert set(scored) == {line.model for line in lines}
    assert sum(len(outcome.votes) for outcomes in scored.values() for outcome in outcomes) == 1046
