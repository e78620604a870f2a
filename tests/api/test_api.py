"""The Python API against a live endpoint."""

import asyncio
from pathlib import Path

import dspy
import pytest
from model_server import ModelServer, Reply

import openmedlm as om
from openmedlm.programs.frozen import DataSource, DevScore, ProgramMetadata, freeze_program


@pytest.fixture(scope="module")
def mmlu() -> om.BenchmarkData:
    return om.load_benchmark("mmlu", "sample")


def test_load_benchmark_gives_dspy_examples(mmlu: om.BenchmarkData) -> None:
    assert (len(mmlu.train), len(mmlu.dev), len(mmlu.test)) == (24, 12, 12)
    example = mmlu.dev[0]
    assert set(example.inputs().keys()) == {"context", "question", "options"}
    assert example.answer in example.options
    assert {each.split for each in mmlu.test} == {"test"}
    assert any(each.get("reasoning") for each in mmlu.train)


def test_load_benchmark_takes_train_for_pool(mmlu: om.BenchmarkData) -> None:
    assert mmlu.split("train") == mmlu.train
    with pytest.raises(om.UserError, match="split"):
        mmlu.split("tset")


def test_evaluate_counts_and_caches(server: ModelServer, lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    result = om.evaluate([om.ZeroShot(), om.CoT()], mmlu.dev)
    assert [each.program for each in result] == ["zero-shot", "cot"]
    assert result["cot"].summary.n == 12
    assert result["cot"].api_calls == len(server.requests) - 12
    asked = len(server.requests)
    again = om.evaluate([om.ZeroShot(), om.CoT()], mmlu.dev, progress=False)
    assert len(server.requests) == asked
    assert again.as_json()["runs"][0]["accuracy"] == result["zero-shot"].summary.accuracy
    with pytest.raises(KeyError, match="zero-shot"):
        result["no such program"]


def test_evaluate_limit_grows_with_the_same_questions(lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    few = om.evaluate(om.ZeroShot(), mmlu.dev, limit=3)["zero-shot"].outcomes
    more = om.evaluate(om.ZeroShot(), mmlu.dev, limit=6)["zero-shot"].outcomes
    assert {each.question_id for each in few} < {each.question_id for each in more}


def test_result_table_and_frames(lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    result = om.evaluate({"plain": om.ZeroShot(), "reasoning": om.CoT()}, mmlu.dev)
    assert repr(result) == result.table()
    for text in ("plain", "reasoning", "accuracy %", "vs plain", "12 questions"):
        assert text in result.table()
    frame = result.to_pandas()
    assert list(frame["program"]) == ["plain", "reasoning"]
    assert set(frame["n"]) == {12}
    rows = result.to_pandas(per_question=True)
    assert len(rows) == 24
    assert rows[rows["program"] == "plain"]["correct"].sum() == result["plain"].summary.correct


def test_result_saved_is_a_run(lm: dspy.LM, mmlu: om.BenchmarkData, tmp_path: Path) -> None:
    result = om.evaluate([om.ZeroShot(), om.CoT()], mmlu.dev)
    result.save(tmp_path / "run")
    saved = om.compare(f"{tmp_path / 'run'}:cot", f"{tmp_path / 'run'}:zero-shot")
    direct = om.compare(result["cot"], result["zero-shot"])
    assert saved.comparison == direct.comparison
    assert "points" in repr(direct)


def test_evaluate_records_test_evaluations(lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    assert om.evaluate(om.ZeroShot(), mmlu.dev).test_evaluations is None
    assert om.evaluate(om.ZeroShot(), mmlu.test).test_evaluations == 1
    assert om.evaluate(om.CoT(), mmlu.test).test_evaluations == 2
    with pytest.raises(om.UserError, match="several splits"):
        om.evaluate(om.ZeroShot(), mmlu.dev + mmlu.test)


def test_evaluate_inside_an_event_loop(lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    async def notebook() -> om.EvaluationResult:
        return om.evaluate(om.ZeroShot(), mmlu.dev[:2])

    assert asyncio.run(notebook())["zero-shot"].summary.n == 2


@pytest.mark.parametrize("program", [dspy.Predict("question -> answer"), 3, None, om.ZeroShot])
def test_evaluate_refuses_what_is_no_program(program: object, lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    with pytest.raises(TypeError, match="program"):
        om.evaluate(program, mmlu.dev)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"question": "Which?", "options": {"A": "x", "B": "y"}}, "answer"),
        ({"question": "Which?", "options": {"A": "x", "B": "y"}, "answer": "C"}, "answer"),
        ({"question": "Which?", "answer": "A"}, "options"),
        ({"options": {"A": "x", "B": "y"}, "answer": "A"}, "question"),
    ],
)
def test_evaluate_names_the_bad_example(fields: dict[str, object], part: str, lm: dspy.LM) -> None:
    good = dspy.Example(question="Which one?", options={"A": "x", "B": "y"}, answer="A")
    with pytest.raises(om.UserError, match=f"example 1.*{part}"):
        om.evaluate(om.ZeroShot(), [good, dspy.Example(**fields)])


def test_evaluate_without_a_model(mmlu: om.BenchmarkData) -> None:
    with dspy.context(lm=None), pytest.raises(om.UserError, match="model="):
        om.evaluate(om.ZeroShot(), mmlu.dev)


def test_evaluate_names_a_wrong_model(server: ModelServer, lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    server.reply = lambda asked: Reply("The model does not exist", status=404)
    with pytest.raises(om.UserError, match="404"):
        om.evaluate(om.ZeroShot(), mmlu.dev)


def test_freeze_and_load_render_the_same(lm: dspy.LM, mmlu: om.BenchmarkData, tmp_path: Path) -> None:
    program = om.RandomFewShot(k=2).compile(om.CoT(), trainset=mmlu.train)
    frozen = om.freeze(program, tmp_path / "program")
    assert (frozen.document.model, frozen.document.benchmark) == ("openai/small", "mmlu")
    loaded = om.load_program(tmp_path / "program")
    assert loaded.program.digest() == program.prompt_program().digest()
    assert loaded.module().prompt_program().digest() == program.prompt_program().digest()
    both = om.evaluate([program, tmp_path / "program"], mmlu.dev[:3])
    assert both.programs[1].api_calls == 0


@pytest.mark.parametrize("as_path", [True, False])
def test_freeze_again_keeps_sources_and_score(as_path: bool, tmp_path: Path) -> None:
    source = DataSource(benchmark="mmlu", split="pool", source="sample", count=30, sha256="0" * 64)
    score = {"n": 9, "correct": 6, "accuracy": 2 / 3, "ci_low": 0.35, "ci_high": 0.88, "unanswered": 0, "errors": 0}
    usage = {"calls": 9, "prompt_tokens": 90, "completion_tokens": 9}
    dev = DevScore.model_validate({"questions": source, "unreadable": "again"} | score | usage)
    pool = om.load_benchmark("mmlu", "sample").train
    program = om.RandomFewShot(k=2).compile(om.ZeroShot(), trainset=pool).prompt_program()
    metadata = ProgramMetadata("openai/small", "mmlu", source, dev)
    first = freeze_program(program, tmp_path / "first", metadata, om.load_split("mmlu", "dev", "sample")[:2])
    again = om.freeze(tmp_path / "first" if as_path else first, tmp_path / "again")
    assert (again.document.model, again.document.benchmark) == ("openai/small", "mmlu")
    assert again.document.provenance.pool == source
    assert again.document.dev == dev
    other = om.freeze(first, tmp_path / "other", model="openai/large")
    assert (other.document.provenance.pool, other.document.dev) == (source, None)


def test_freeze_says_what_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(om.UserError, match="benchmark="):
        om.freeze(om.ZeroShot(), tmp_path / "p", model="openai/NAME")
    with dspy.context(lm=None), pytest.raises(om.UserError, match="model="):
        om.freeze(om.ZeroShot(), tmp_path / "p", benchmark="medqa")
    assert not (tmp_path / "p").exists()


def test_tune_freezes_the_winner(server: ModelServer, lm: dspy.LM, tmp_path: Path) -> None:
    result = om.tune("mmlu", tmp_path / "tuned", data_dir="sample", trials=3, max_calls=200, progress=False)
    assert result.program.document.benchmark == "mmlu"
    assert om.load_program(tmp_path / "tuned" / "program").program.digest() == result.program.program.digest()
    assert len(result.to_pandas()) == 3
    assert result.program.program.strategy in result.table()
    assert len(server.requests) <= 200 + 16
