"""The Python API against a live endpoint."""

import asyncio
from pathlib import Path

import dspy
import pytest
from model_server import ModelServer, Reply

import openmedlm as om
from openmedlm.api.questions import to_questions
from openmedlm.data import load_split
from openmedlm.optimizers.rationales import RationaleRecord, add_to_pool
from openmedlm.optimizers.rationales.pool import question_sha256
from openmedlm.programs import TEMPLATES
from openmedlm.programs.frozen import DataSource, DevScore, ProgramMetadata, freeze_program
from openmedlm.utils.paths import rationale_pool


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


def test_load_benchmark_takes_rationales_of_a_teacher(tmp_path: Path) -> None:
    first, second, *_ = om.load_split("mmlu", "pool", "sample")
    order = "".join(reversed(list(first.options)))
    record = RationaleRecord(first.id, question_sha256(first), "openai/wise", (first.answer,), "It follows.", order)
    for teacher, file in (
        ("openai/wise", rationale_pool("mmlu", "openai/wise")),
        (str(tmp_path / "own.jsonl"), tmp_path / "own.jsonl"),
    ):
        add_to_pool(file, [record])
        data = om.load_benchmark("mmlu", "sample", teacher=teacher)
        by_id = {example.id: example for example in data.train}
        shown = by_id[first.id]
        assert (shown.reasoning, shown.teacher, len(data.train)) == ("It follows.", "openai/wise", 24)
        assert list(shown.options.values()) == list(reversed(list(first.options.values())))
        assert shown.options[shown.answer] == first.options[first.answer]
        assert "reasoning" not in by_id[second.id]
        compiled = om.RandomFewShot(k=3).compile(om.CoT(), trainset=data.train)
        assert [demo.id for demo in compiled.predictor.demos] == [first.id]
        assert len(data.dev) == 12


@pytest.mark.parametrize(("teacher", "command"), [("openai/wise", "-m openai/wise"), ("own.jsonl", "-o own.jsonl")])
def test_load_benchmark_without_the_pool_names_the_command(teacher: str, command: str) -> None:
    data = om.load_benchmark("mmlu", "sample", teacher=teacher)
    assert len(data.test) == 12
    with pytest.raises(om.UserError, match=f"openmedlm pool -b mmlu .*{command}"):
        _ = data.train


def test_load_benchmark_dataset_teacher_is_the_default(mmlu: om.BenchmarkData) -> None:
    assert om.load_benchmark("mmlu", "sample", teacher="dataset").train == mmlu.train


@pytest.mark.parametrize("split", ["pool", "dev", "test"])
def test_benchmark_examples_are_the_questions_of_the_split(mmlu: om.BenchmarkData, split: str) -> None:
    questions = load_split("mmlu", split, "sample")
    assert to_questions(mmlu.split(split), "dev") == questions
    assert any(question.explanation for question in questions)


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


def test_result_table_counts_truncated_votes(server: ModelServer, lm: dspy.LM, mmlu: om.BenchmarkData) -> None:
    assert "truncated" not in om.evaluate(om.ZeroShot(), mmlu.dev, limit=2, progress=False).table()
    server.reply = lambda asked: Reply("<think>Not A. Maybe", finish_reason="length")
    with pytest.warns(match="thinks"):
        result = om.evaluate(om.CoT(), mmlu.dev, limit=2, progress=False)
    assert result["cot"].summary.truncated == 2
    assert "truncated" in result.table()


def test_result_saved_is_a_run(lm: dspy.LM, mmlu: om.BenchmarkData, tmp_path: Path) -> None:
    result = om.evaluate([om.ZeroShot(), om.CoT()], mmlu.dev)
    result.save(tmp_path / "run")
    saved = om.compare(f"{tmp_path / 'run'}:cot", f"{tmp_path / 'run'}:zero-shot")
    direct = om.compare(result["cot"], result["zero-shot"])
    assert saved.comparison == direct.comparison
    assert "points" in repr(direct)


def test_compare_refuses_what_is_no_result(lm: dspy.LM, mmlu: om.BenchmarkData, tmp_path: Path) -> None:
    result = om.evaluate([om.ZeroShot(), om.CoT()], mmlu.dev[:2])
    with pytest.raises(TypeError, match=r"EvaluationResult.*result\[\"cot\"\]"):
        om.compare(result, result["cot"])  # type: ignore[arg-type]
    with pytest.raises(om.UserError, match=r"runs/old.*save"):
        om.compare(result["cot"], Path("runs/old"))
    result.save(tmp_path / "run")
    with pytest.raises(om.UserError, match="same questions"):
        om.compare(result["cot"], om.evaluate(om.CoT(), mmlu.dev[:1])["cot"])
    assert om.compare(f"{tmp_path / 'run'}:cot", f"{tmp_path / 'run'}:zero-shot").comparison.n == 2


def test_result_is_not_saved_over_another_run(lm: dspy.LM, mmlu: om.BenchmarkData, tmp_path: Path) -> None:
    om.evaluate(om.ZeroShot(), mmlu.dev, limit=6, progress=False).save(tmp_path / "run")
    before = {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()}
    other = om.evaluate(om.CoT(), mmlu.dev, limit=6, progress=False)
    with pytest.raises(om.UserError, match="another run"):
        other.save(tmp_path / "run")
    assert {file.name: file.read_bytes() for file in (tmp_path / "run").iterdir()} == before


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


def test_evaluate_refuses_a_template_of_another_kind_of_model(mmlu: om.BenchmarkData) -> None:
    with pytest.raises(om.UserError, match="--template plain"):
        om.evaluate(om.CoT(TEMPLATES["plain"]), mmlu.dev, limit=2, model="anthropic/claude", progress=False)


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
