from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openmedlm.data import Question, UserError
from openmedlm.metrics import Outcome, Vote
from openmedlm.runs import Run, check_free, read_run, read_sent, write_run
from openmedlm.runs.rows import PART

ASKED = {"model": "hosted_vllm/small", "benchmark": "medqa", "programs": {"cot": {"votes": 1, "stop": ("\n",)}}}
RESULTS = {"runs": [{"program": "cot", "accuracy": 0.5}]}
OUTCOMES = [
    Outcome(
        question_id="q1",
        benchmark="medqa",
        subject="step 1",
        gold="B",
        answer="B",
        votes=(
            Vote(0, "B", "lone letter", "B", "ABCD", "asked", "stop", 1, 100, 2, 64, 0.001, "key-0"),
            Vote(1, None, "unreadable", 'Hm. µ "🫀"\n', "CABD", "closed", "length", 2, 210, 40, 128, None, "key-1"),
        ),
        exemplars=("p7", "p3"),
        votes_saved=3,
    ),
    Outcome("q2", "medqa", None, "A", None, error="HTTP 400: too long", failure="http"),
    Outcome("q3", "medqa", None, "A", None, votes=(Vote(0, None, "refusal", "I can't."),)),
]
QUESTION = Question("q1", "medqa", "dev", "Which\u2028one?", {"A": "this", "B": "that"}, "B", subject="step 1")
CHAT = ({"role": "system", "content": "Answer."}, {"role": "user", "content": "Which one? 🫀"})
SENT = [(("cot", "q1", 0), CHAT), (("cot", "q1", 1), CHAT), (("plain", "q1", 0), "Question: Which one?\n")]
FILES = {
    "manifest.json",
    "outcomes.parquet",
    "seconds.parquet",
    "questions.jsonl",
    "prompts.parquet",
    "texts.parquet",
    "circumstances.json",
}


def write(directory: Path, outcomes: dict[str, list[Outcome]] | None = None, **circumstances: Any) -> None:
    write_run(Run(directory, ASKED, RESULTS, outcomes or {"cot": OUTCOMES}, circumstances), [QUESTION], SENT)


def test_outcomes_come_back_from_parquet_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "run", {"cot": OUTCOMES, "zero-shot": OUTCOMES[:1]})
    rows = pq.read_table(tmp_path / "run" / "outcomes.parquet").to_pylist()
    assert [row["program"] for row in rows] == ["cot", "cot", "cot", "zero-shot"]
    assert [(row["correct"], row["status"]) for row in rows[:3]] == [
        (True, "answered"),
        (False, "error"),
        (False, "unanswered"),
    ]


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    program = ASKED["programs"]["cot"]  # type: ignore[index]
    asked = ASKED | {"programs": {"cot": program, "zero-shot": program}}
    outcomes = {"cot": OUTCOMES, "zero-shot": [replace(OUTCOMES[0], cluster="q0")]}
    write_run(Run(tmp_path / "run", asked, RESULTS, outcomes, {"seconds": 1.5}), [QUESTION], SENT)
    run = read_run(tmp_path / "run")
    assert (run.outcomes, run.results, run.circumstances) == (outcomes, RESULTS, {"seconds": 1.5})
    assert run.asked["programs"].keys() == outcomes.keys()


def test_the_questions_and_the_very_prompts_come_back(tmp_path: Path) -> None:
    write(tmp_path / "run")
    sent = read_sent(tmp_path / "run")
    assert sent.questions == [QUESTION]
    assert [(key, sent.prompts.prompt(key)) for key in sent.prompts.sent] == SENT
    assert len(sent.prompts.texts) == 3


def test_the_time_that_a_vote_took_is_kept_apart(tmp_path: Path) -> None:
    timed = [replace(OUTCOMES[0], votes=(replace(OUTCOMES[0].votes[0], seconds=1.25),))]
    write(tmp_path / "run", {"cot": timed})
    assert read_run(tmp_path / "run").outcomes["cot"][0].votes[0].seconds == 1.25
    assert "seconds" not in str(pq.read_schema(tmp_path / "run" / "outcomes.parquet"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: (run / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda run: (run / "outcomes.parquet").unlink(), "outcomes.parquet is missing"),
        (lambda run: (run / "outcomes.parquet").write_bytes(b"PAR1"), "can't be read"),
        (lambda run: (run / "manifest.json").write_bytes(b"[]"), "can't be read"),
        (lambda run: (run / "manifest.json").write_bytes(b'{"schema": 1}'), "schema 1, and this release reads"),
    ],
)
def test_what_is_no_run_of_this_release_is_refused(spoil: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    write(tmp_path / "run")
    spoil(tmp_path / "run")
    with pytest.raises(UserError, match=said):
        read_run(tmp_path / "run")


@pytest.mark.parametrize("programs", [["cot"], "cot", {}, None])
def test_a_manifest_whose_programs_have_no_names_is_refused(programs: object, tmp_path: Path) -> None:
    write(tmp_path / "run")
    manifest = {"schema": 3, "asked": ASKED | {"programs": programs}, "results": RESULTS}
    (tmp_path / "run" / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(UserError, match="names no program, or no model"):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(("file", "column"), [("seconds.parquet", "seconds"), ("outcomes.parquet", "similarities")])
def test_a_column_that_holds_no_numbers_is_refused(file: str, column: str, tmp_path: Path) -> None:
    write(tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / file)
    words = pa.array(["x"] * len(table))
    pq.write_table(table.set_column(table.column_names.index(column), column, words), tmp_path / "run" / file)
    with pytest.raises(UserError, match="can't be read"):
        read_run(tmp_path / "run")


def test_the_manifest_says_what_was_asked_and_what_it_came_to(tmp_path: Path) -> None:
    write(tmp_path / "run")
    manifest = orjson.loads((tmp_path / "run" / "manifest.json").read_bytes())
    assert manifest == {"schema": 3, "asked": orjson.loads(orjson.dumps(ASKED)), "results": RESULTS}


def test_the_same_run_gives_the_same_bytes_whatever_time_it_took(tmp_path: Path) -> None:
    write(tmp_path / "one", seconds=1.0, api_calls=9)
    write(tmp_path / "two", seconds=2.0, api_calls=0)
    for name in FILES - {"circumstances.json", "seconds.parquet"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert {file.name for file in (tmp_path / "one").iterdir()} == FILES


def test_other_outcomes_are_other_bytes(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", {"cot": OUTCOMES[:2]})
    one, two = ((tmp_path / name / "outcomes.parquet").read_bytes() for name in ("one", "two"))
    assert one != two


def test_a_run_without_questions_is_a_run(tmp_path: Path) -> None:
    write(tmp_path / "run", {"cot": []})
    assert pq.read_table(tmp_path / "run" / "outcomes.parquet").num_rows == 0


def test_a_run_of_many_questions_is_written_a_part_at_a_time(tmp_path: Path) -> None:
    many = [replace(OUTCOMES[0], question_id=f"q{number}") for number in range(2 * PART + 1)]
    prompts = (((("cot", one.question_id, 0), ({"role": "user", "content": one.question_id},))) for one in many)
    write_run(Run(tmp_path / "run", ASKED, RESULTS, {"cot": many}, {}), [QUESTION], prompts)
    assert pq.ParquetFile(tmp_path / "run" / "outcomes.parquet").num_row_groups == 3
    assert read_run(tmp_path / "run").outcomes["cot"] == many
    assert len(read_sent(tmp_path / "run").prompts.sent) == len(many)


@pytest.mark.parametrize("made", [False, True])
def test_a_directory_that_is_missing_or_empty_is_free(made: bool, tmp_path: Path) -> None:
    if made:
        (tmp_path / "run").mkdir()
    check_free(tmp_path / "run", ASKED)


def test_the_same_run_may_be_written_again(tmp_path: Path) -> None:
    write(tmp_path / "run")
    check_free(tmp_path / "run", ASKED)
    write(tmp_path / "run")


def test_another_run_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path / "run")
    with pytest.raises(UserError, match="holds another run; name another directory with -o") as caught:
        check_free(tmp_path / "run", {**ASKED, "model": "hosted_vllm/large"})
    assert str(caught.value).startswith(str(tmp_path / "run"))


@pytest.mark.parametrize(
    "left", [{"outcomes.parquet", "circumstances.json"}, {"outcomes.parquet"}, {".outcomes.parquet.x2f9.tmp"}]
)
def test_a_run_that_was_cut_off_while_being_written_may_go_on(left: set[str], tmp_path: Path) -> None:
    """The manifest comes last, so a run that was killed before it has files but no manifest."""
    for name in left:
        (tmp_path / name).touch()
    check_free(tmp_path, ASKED)


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match=r"holds notes.txt, which is not a run's; name another directory with -o"):
        check_free(tmp_path, ASKED)
    with pytest.raises(UserError, match="name another directory with -o"):
        check_free(tmp_path / "notes.txt", ASKED)


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b'"asked"', b"null", b"\xff"])
def test_a_manifest_of_something_else_is_one_clear_line(manifest: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(UserError, match=r"manifest.json: not a manifest; name another directory with -o"):
        check_free(tmp_path, ASKED)
