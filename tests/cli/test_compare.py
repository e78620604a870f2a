from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
import pytest

from openmedlm.data import Question
from openmedlm.metrics import Outcome, compare
from openmedlm.runs import Run, write_run

FIRST, SECOND = "AAAAAAAABB", "AABBBBBBBA"
"""Answers to ten questions whose correct answer is A: 8 of the first run are correct, 3 of the second."""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a run of programs from their answers to questions whose correct answer is A."""

    def write(name: str, programs: Mapping[str, str], start: int = 0, texts: str = "1", gold: str = "A") -> Path:
        config = {"model": "hosted_vllm/small", "programs": {program: {} for program in programs}}
        count = len(next(iter(programs.values())))
        questions = [
            Question(f"q{start + n}", "mine", "dev", f"Why {texts}?", {"A": "so", "B": "or so"}, gold)
            for n in range(count)
        ]
        outcomes = {
            program: [Outcome(f"q{start + n}", "mine", None, gold, answer) for n, answer in enumerate(answers)]
            for program, answers in programs.items()
        }
        write_run(Run(tmp_path / name, config, {"runs": []}, outcomes, {}), questions)
        return tmp_path / name

    return write


def test_compare_two_runs_pairs_their_questions(openmedlm: Callable, written: Callable) -> None:
    result = openmedlm("compare", written("a", {"cot": FIRST}), written("b", {"knn-cot": SECOND}), "--json").json
    expected = compare([answer == "A" for answer in FIRST], [answer == "A" for answer in SECOND])
    assert {name: result[name] for name in expected.as_json()} == expected.as_json()
    assert (result["discordant"], result["difference"]) == (7, pytest.approx(0.5))
    assert (result["first"]["program"], result["second"]["program"], result["left_out"]) == ("cot", "knn-cot", 0)
    assert result["bootstrap"]["low"] <= result["difference"] <= result["bootstrap"]["high"]


def test_compare_programs_of_one_run_prints_short_names(openmedlm: Callable, written: Callable) -> None:
    run = written("ladder", {"cot": FIRST, "knn-cot": SECOND})
    result = openmedlm("compare", f"{run}:cot", f"{run}:knn-cot", "--json").json
    assert result["difference"] == pytest.approx(0.5)
    shown = openmedlm("compare", f"{run}:cot", f"{run}:knn-cot").out
    for part in ("80.0%", "30.0%", "A: cot", "B: knn-cot", "+50.0 [95 % CI", "percentage points"):
        assert part in shown


def test_compare_accepts_colons_in_program_names(openmedlm: Callable, written: Callable) -> None:
    run = written("a:run", {"org/model:7b": FIRST, "org/model:70b": SECOND})
    result = openmedlm("compare", f"{run}:org/model:7b", f"{run}:org/model:70b", "--json").json
    assert (result["first"]["program"], result["difference"]) == ("org/model:7b", pytest.approx(0.5))


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"\xff", b'{"schema": 3}', b'{"schema": 4, "config": 1}'])
def test_damaged_run_is_a_one_line_error_with_its_path(openmedlm: Callable, written: Callable, manifest: bytes) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND})
    (other / "manifest.json").write_bytes(manifest)
    for command in (("compare", one, other), ("report", one, other, "-o", "page.html")):
        ended = openmedlm(*command)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert str(other) in ended.err


@pytest.mark.parametrize("config", [{}, {"programs": {}}, {"programs": {"cot": {}}}, {"model": "m", "programs": 1}])
def test_compare_run_without_program_or_model_names_the_run(
    openmedlm: Callable, written: Callable, config: object
) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND})
    manifest = orjson.loads((other / "manifest.json").read_bytes())
    (other / "manifest.json").write_bytes(orjson.dumps(manifest | {"config": config}))
    ended = openmedlm("compare", one, other)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert str(other) in ended.err


def test_compare_ladders_pairs_programs_and_adjusts_p_values(openmedlm: Callable, written: Callable) -> None:
    one = written("one", {"cot": FIRST, "few-shot": SECOND, "zero-shot": FIRST})
    other = written("other", {"zero-shot": SECOND, "cot": SECOND})
    rows = openmedlm("compare", one, other, "--json").json["comparisons"]
    assert [row["first"]["program"] for row in rows] == ["cot", "zero-shot"]
    assert all(row["p_adjusted"] == row["p_value"] == rows[0]["p_value"] < 1 for row in rows)
    three = openmedlm("compare", one, other, f"{one}:cot", f"{one}:zero-shot", "--json").json["comparisons"]
    assert [row["p_adjusted"] for row in three] == pytest.approx([rows[0]["p_value"] * 3 / 2] * 2 + [1.0])


def test_compare_different_questions_needs_common(openmedlm: Callable, written: Callable) -> None:
    one, other = written("a", {"cot": FIRST}), written("b", {"cot": SECOND}, start=4)
    refused = openmedlm("compare", one, other)
    assert refused.code == 2
    assert "6 common, 4 only in the first run, 4 only in the second" in refused.err
    result = openmedlm("compare", one, other, "--common", "--json").json
    assert (result["n"], result["left_out"]) == (6, 8)
    assert "excluded: 8 questions" in openmedlm("compare", one, other, "--common").out


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"texts": "2"}, "question q0"),
        ({"texts": "2", "start": 4}, "question q4"),
        ({"gold": "B"}, "q0"),
        ({"start": 100}, "no common question"),
    ],
)
def test_compare_different_texts_or_keys_is_refused(
    openmedlm: Callable, written: Callable, other: Mapping[str, object], message: str
) -> None:
    ended = openmedlm("compare", written("a", {"cot": FIRST}), written("b", {"cot": SECOND}, **other), "--common")
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["{run}:cot", "{run}"], "cot, knn-cot. Name one"),
        (["{run}", "{run}"], "compared with itself"),
        (["{one}", "{one}"], "compared with itself"),
        (["{run}:cot", "{run}:cot"], "compared with itself"),
        (["{run}:cot", "{run}:kn-cot"], "knn-cot"),
        (["{run}:cot"], "1 runs given"),
        (["{run}:cot", "nowhere"], "no run in nowhere"),
        (["{run}", "{one}:few-shot", "{run}", "{one}"], "cot, knn-cot. Name one"),
    ],
)
def test_compare_invalid_arguments_names_the_fix(
    openmedlm: Callable, written: Callable, names: list[str], message: str
) -> None:
    places = {"run": written("ladder", {"cot": FIRST, "knn-cot": SECOND}), "one": written("one", {"few-shot": FIRST})}
    ended = openmedlm("compare", *[name.format(**places) for name in names])
    assert ended.code == 2
    assert message in ended.err
