from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest

from openmedlm.data import Question
from openmedlm.metrics import Outcome, compare
from openmedlm.runs import Run, write_run

FIRST, SECOND = "AAAAAAAABB", "AABBBBBBBA"
"""Answers to ten questions whose right one is A: the first run is right on 8, the second on 3."""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run of some programs, by their answers to questions of which A is right."""

    def write(name: str, programs: Mapping[str, str], start: int = 0, texts: str = "1", gold: str = "A") -> Path:
        asked = {"model": "hosted_vllm/small", "programs": {program: {} for program in programs}}
        count = len(next(iter(programs.values())))
        questions = [
            Question(f"q{start + n}", "mine", "dev", f"Why {texts}?", {"A": "so", "B": "or so"}, gold)
            for n in range(count)
        ]
        outcomes = {
            program: [Outcome(f"q{start + n}", "mine", None, gold, answer) for n, answer in enumerate(answers)]
            for program, answers in programs.items()
        }
        write_run(Run(tmp_path / name, asked, {"runs": []}, outcomes, {}), questions)
        return tmp_path / name

    return write


def test_two_runs_are_compared_question_by_question(openmedlm: Callable, written: Callable) -> None:
    told = openmedlm("compare", written("a", {"cot": FIRST}), written("b", {"knn-cot": SECOND}), "--json").json
    expected = compare([answer == "A" for answer in FIRST], [answer == "A" for answer in SECOND])
    assert {name: told[name] for name in expected.as_json()} == expected.as_json()
    assert (told["discordant"], told["difference"]) == (7, pytest.approx(0.5))
    assert (told["first"]["program"], told["second"]["program"], told["left_out"]) == ("cot", "knn-cot", 0)
    assert told["bootstrap"]["low"] <= told["difference"] <= told["bootstrap"]["high"]


def test_programs_of_one_run_are_named(openmedlm: Callable, written: Callable) -> None:
    run = written("ladder", {"cot": FIRST, "knn-cot": SECOND})
    told = openmedlm("compare", f"{run}:cot", f"{run}:knn-cot", "--json").json
    assert told["difference"] == pytest.approx(0.5)
    shown = openmedlm("compare", f"{run}:cot", f"{run}:knn-cot").out
    assert "80.0% / 30.0%" in shown
    assert "+50.0" in shown


def test_a_program_s_name_may_hold_colons(openmedlm: Callable, written: Callable) -> None:
    run = written("a:run", {"org/model:7b": FIRST, "org/model:70b": SECOND})
    told = openmedlm("compare", f"{run}:org/model:7b", f"{run}:org/model:70b", "--json").json
    assert (told["first"]["program"], told["difference"]) == ("org/model:7b", pytest.approx(0.5))


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"\xff", b'{"schema": 3}', b'{"schema": 3, "asked": 1}'])
def test_a_damaged_run_is_named(openmedlm: Callable, written: Callable, manifest: bytes) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND})
    (other / "manifest.json").write_bytes(manifest)
    for command in (("compare", one, other), ("report", one, other, "-o", "page.html")):
        ended = openmedlm(*command)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert str(other) in ended.err


@pytest.mark.parametrize("asked", [{}, {"programs": {}}, {"programs": {"cot": {}}}, {"model": "m", "programs": 1}])
def test_a_run_of_no_program_or_model_is_named(openmedlm: Callable, written: Callable, asked: object) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND})
    manifest = orjson.loads((other / "manifest.json").read_bytes())
    (other / "manifest.json").write_bytes(orjson.dumps(manifest | {"asked": asked}))
    ended = openmedlm("compare", one, other)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert str(other) in ended.err


def test_ladders_are_compared_rung_by_rung_and_p_values_adjusted(openmedlm: Callable, written: Callable) -> None:
    one = written("one", {"cot": FIRST, "few-shot": SECOND, "zero-shot": FIRST})
    other = written("other", {"zero-shot": SECOND, "cot": SECOND})
    rows = openmedlm("compare", one, other, "--json").json["comparisons"]
    assert [row["first"]["program"] for row in rows] == ["cot", "zero-shot"]
    assert all(row["p_adjusted"] == row["p_value"] == rows[0]["p_value"] < 1 for row in rows)
    three = openmedlm("compare", one, other, f"{one}:cot", f"{one}:zero-shot", "--json").json["comparisons"]
    assert [row["p_adjusted"] for row in three] == pytest.approx([rows[0]["p_value"] * 3 / 2] * 2 + [1.0])


def test_runs_over_different_questions_are_refused_unless_told_otherwise(
    openmedlm: Callable, written: Callable
) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND}, start=4)
    refused = openmedlm("compare", one, other)
    assert refused.code == 2
    assert "6 in common, 4 only in the first, 4 only in the second" in refused.err
    told = openmedlm("compare", one, other, "--common", "--json").json
    assert (told["n"], told["left_out"]) == (6, 8)
    assert "Left out: 8 questions" in openmedlm("compare", one, other, "--common").out


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"texts": "2"}, "q0 has another text in one than in the other"),
        ({"texts": "2", "start": 4}, "q4 has another text in one than in the other"),
        ({"gold": "B"}, "A in one run, B in the other"),
        ({"start": 100}, "no question in common"),
    ],
)
def test_runs_that_were_asked_something_else_are_refused(
    openmedlm: Callable, written: Callable, other: Mapping[str, object], said: str
) -> None:
    ended = openmedlm("compare", written("a", {"cot": FIRST}), written("b", {"cot": SECOND}, **other), "--common")
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["{run}:cot", "{run}"], "holds cot, knn-cot; name one, such as"),
        (["{run}", "{run}"], "compared with itself"),
        (["{one}", "{one}"], "compared with itself"),
        (["{run}:cot", "{run}:cot"], "compared with itself"),
        (["{run}:cot", "{run}:kn-cot"], "knn-cot"),
        (["{run}:cot"], "1 runs: name two"),
        (["{run}:cot", "nowhere"], "nowhere: no run is there"),
        (["{run}", "{one}:few-shot", "{run}", "{one}"], "holds cot, knn-cot"),
    ],
)
def test_what_can_not_be_compared_is_said_with_the_mend(
    openmedlm: Callable, written: Callable, names: list[str], said: str
) -> None:
    places = {"run": written("ladder", {"cot": FIRST, "knn-cot": SECOND}), "one": written("one", {"few-shot": FIRST})}
    ended = openmedlm("compare", *[name.format(**places) for name in names])
    assert ended.code == 2
    assert said in ended.err
