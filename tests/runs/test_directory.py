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
from openmedlm.runs.rows import ROW_GROUP_SIZE

CONFIG = {"model": "hosted_vllm/small", "benchmark": "medqa", "programs": {"cot": {"votes": 1, "stop": ("\n",)}}}
RESULTS = {"runs": [{"program": "cot", "accuracy": 0.5}]}
OUTCOMES = [
    Outcome(
        question_id="q1",
        benchmark="medqa",
        subject="step 1",
        gold="B",
        answer="B",
        votes=(
            Vote(0, "B", "lone letter", "B", "ABCD", "free", "stop", 1, 100, 2, 64, 0.001, "key-0"),
            Vote(
                1, None, "unreadable", 'Hm. µ "🫀"\n', "CABD", "constrained", "length", 2, 210, 40, 128, None, "key-1"
            ),
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
    "timing.json",
}


def write(directory: Path, outcomes: dict[str, list[Outcome]] | None = None, **timing: Any) -> None:
    write_run(Run(directory, CONFIG, RESULTS, outcomes or {"cot": OUTCOMES}, timing), [QUESTION], SENT)


def test_write_run_states_correct_and_status_per_row(tmp_path: Path) -> None:
    write(tmp_path / "run", {"cot": OUTCOMES, "zero-shot": OUTCOMES[:1]})
    rows = pq.read_table(tmp_path / "run" / "outcomes.parquet").to_pylist()
    assert [row["program"] for row in rows] == ["cot", "cot", "cot", "zero-shot"]
    assert [(row["correct"], row["status"]) for row in rows[:3]] == [
        (True, "answered"),
        (False, "error"),
        (False, "unanswered"),
    ]


def test_read_run_returns_the_written_run(tmp_path: Path) -> None:
    program = CONFIG["programs"]["cot"]  # type: ignore[index]
    config = CONFIG | {"programs": {"cot": program, "zero-shot": program}}
    outcomes = {"cot": OUTCOMES, "zero-shot": [replace(OUTCOMES[0], cluster="q0")]}
    write_run(Run(tmp_path / "run", config, RESULTS, outcomes, {"seconds": 1.5}), [QUESTION], SENT)
    run = read_run(tmp_path / "run")
    assert (run.outcomes, run.results, run.timing) == (outcomes, RESULTS, {"seconds": 1.5})
    assert run.config["programs"].keys() == outcomes.keys()


def test_read_sent_returns_questions_and_exact_prompts(tmp_path: Path) -> None:
    write(tmp_path / "run")
    sent = read_sent(tmp_path / "run")
    assert sent.questions == [QUESTION]
    assert [(key, sent.prompts.prompt(key)) for key in sent.prompts.sent] == SENT
    assert len(sent.prompts.texts) == 3


def test_vote_seconds_are_stored_apart_from_outcomes(tmp_path: Path) -> None:
    timed = [replace(OUTCOMES[0], votes=(replace(OUTCOMES[0].votes[0], seconds=1.25),))]
    write(tmp_path / "run", {"cot": timed})
    assert read_run(tmp_path / "run").outcomes["cot"][0].votes[0].seconds == 1.25
    assert "seconds" not in str(pq.read_schema(tmp_path / "run" / "outcomes.parquet"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda run: (run / "outcomes.parquet").unlink(), "outcomes.parquet is missing"),
        (lambda run: (run / "outcomes.parquet").write_bytes(b"PAR1"), "damaged run"),
        (lambda run: (run / "manifest.json").write_bytes(b"[]"), "damaged run"),
        *(
            (lambda run, n=n: (run / "manifest.json").write_bytes(b'{"schema": %d}' % n), "unknown schema")
            for n in (1, 2, 5)
        ),
    ],
)
def test_read_run_of_damaged_directory_names_the_fault(
    damage: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    write(tmp_path / "run")
    damage(tmp_path / "run")
    with pytest.raises(UserError, match=message):
        read_run(tmp_path / "run")


@pytest.mark.parametrize("programs", [["cot"], "cot", {}, None])
def test_read_run_without_named_programs_is_refused(programs: object, tmp_path: Path) -> None:
    write(tmp_path / "run")
    manifest = {"schema": 4, "config": CONFIG | {"programs": programs}, "results": RESULTS}
    (tmp_path / "run" / "manifest.json").write_bytes(orjson.dumps(manifest))
    with pytest.raises(UserError, match="no program or no model"):
        read_run(tmp_path / "run")


@pytest.mark.parametrize(("file", "column"), [("seconds.parquet", "seconds"), ("outcomes.parquet", "similarities")])
def test_read_run_with_text_in_number_column_is_refused(file: str, column: str, tmp_path: Path) -> None:
    write(tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / file)
    words = pa.array(["x"] * len(table))
    pq.write_table(table.set_column(table.column_names.index(column), column, words), tmp_path / "run" / file)
    with pytest.raises(UserError, match="damaged run"):
        read_run(tmp_path / "run")


def test_manifest_holds_schema_config_and_results(tmp_path: Path) -> None:
    write(tmp_path / "run")
    manifest = orjson.loads((tmp_path / "run" / "manifest.json").read_bytes())
    assert manifest == {"schema": 4, "config": orjson.loads(orjson.dumps(CONFIG)), "results": RESULTS}


def test_write_run_twice_gives_same_bytes_but_timing(tmp_path: Path) -> None:
    write(tmp_path / "one", seconds=1.0, api_calls=9)
    write(tmp_path / "two", seconds=2.0, api_calls=0)
    for name in FILES - {"timing.json", "seconds.parquet"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert {file.name for file in (tmp_path / "one").iterdir()} == FILES


def test_write_run_of_other_outcomes_gives_other_bytes(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", {"cot": OUTCOMES[:2]})
    one, two = ((tmp_path / name / "outcomes.parquet").read_bytes() for name in ("one", "two"))
    assert one != two


def test_write_run_without_questions_is_readable(tmp_path: Path) -> None:
    write(tmp_path / "run", {"cot": []})
    assert pq.read_table(tmp_path / "run" / "outcomes.parquet").num_rows == 0


def test_write_run_of_many_questions_uses_row_groups(tmp_path: Path) -> None:
    many = [replace(OUTCOMES[0], question_id=f"q{number}") for number in range(2 * ROW_GROUP_SIZE + 1)]
    prompts = (((("cot", one.question_id, 0), ({"role": "user", "content": one.question_id},))) for one in many)
    write_run(Run(tmp_path / "run", CONFIG, RESULTS, {"cot": many}, {}), [QUESTION], prompts)
    assert pq.ParquetFile(tmp_path / "run" / "outcomes.parquet").num_row_groups == 3
    assert read_run(tmp_path / "run").outcomes["cot"] == many
    assert len(read_sent(tmp_path / "run").prompts.sent) == len(many)


@pytest.mark.parametrize("made", [False, True])
def test_check_free_accepts_missing_or_empty_directory(made: bool, tmp_path: Path) -> None:
    if made:
        (tmp_path / "run").mkdir()
    check_free(tmp_path / "run", CONFIG)


def test_check_free_accepts_the_same_run(tmp_path: Path) -> None:
    write(tmp_path / "run")
    check_free(tmp_path / "run", CONFIG)
    write(tmp_path / "run")


def test_check_free_refuses_another_run(tmp_path: Path) -> None:
    write(tmp_path / "run")
    with pytest.raises(UserError, match="holds another run") as caught:
        check_free(tmp_path / "run", {**CONFIG, "model": "hosted_vllm/large"})
    assert str(tmp_path / "run") in str(caught.value)


@pytest.mark.parametrize(
    "left", [{"outcomes.parquet", "timing.json"}, {"outcomes.parquet"}, {".outcomes.parquet.x2f9.tmp"}]
)
def test_check_free_accepts_files_of_an_interrupted_write(left: set[str], tmp_path: Path) -> None:
    """The manifest is written last, so a run that was killed earlier has files but no manifest."""
    for name in left:
        (tmp_path / name).touch()
    check_free(tmp_path, CONFIG)


def test_check_free_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match=r"notes\.txt .*--output"):
        check_free(tmp_path, CONFIG)
    with pytest.raises(UserError, match="--output"):
        check_free(tmp_path / "notes.txt", CONFIG)


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b'"config"', b"null", b"\xff"])
def test_check_free_refuses_a_foreign_manifest(manifest: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(UserError, match=r"manifest\.json .*--output"):
        check_free(tmp_path, CONFIG)
