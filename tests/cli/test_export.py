from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import orjson
import pytest
from model_server import ModelServer

from openmedlm import KNNCoT, MajorityEnsemble, MultipleChoiceQA, load_program

Run = Callable[..., Any]


def rows(text: str | bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("strategy", ["few-shot-cot", "ensemble"])
def test_messages_and_batch_equal_what_evaluate_sends(
    strategy: str, openmedlm: Run, hosted: tuple[str, ...], server: ModelServer
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    messages = openmedlm("export", "p", "--to", "messages", "--data-dir", "sample")
    batch = openmedlm("export", "p", "--to", "batch", "--data-dir", "sample", "-o", "batch.jsonl", "--json")
    assert (batch.code, batch.json) == (0, {"file": "batch.jsonl", "format": "batch"})
    openmedlm("evaluate", "p", *hosted, "--all-votes")
    sent = Counter(orjson.dumps(asked.prompt) for asked in server.requests)
    assert Counter(orjson.dumps(row["messages"]) for row in rows(messages.out)) == sent
    lines = rows(Path("batch.jsonl").read_bytes())
    bodies = Counter(orjson.dumps(line["body"], option=orjson.OPT_SORT_KEYS) for line in lines)
    assert bodies == Counter(orjson.dumps(body, option=orjson.OPT_SORT_KEYS) for body in server.bodies)
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
    assert len({line["custom_id"] for line in lines}) == len(lines) == sent.total()


def test_message_line_holds_order_and_gold_of_its_vote(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    openmedlm("compile", "-s", "ensemble", *hosted, "--no-score", "-o", "p")
    lines = rows(openmedlm("export", "p", "--to", "messages", "--data-dir", "sample", "--limit", 1).out)
    assert [row["sample"] for row in lines] == [0, 1, 2, 3, 4]
    assert len({row["order"] for row in lines}) == 5
    for row in lines:
        options = dict(line.split(". ", 1) for line in row["messages"][-1]["content"].splitlines()[-4:])
        first = dict(line.split(". ", 1) for line in lines[0]["messages"][-1]["content"].splitlines()[-4:])
        assert options[row["gold"]] == first[lines[0]["gold"]]


def test_batch_of_a_base_model_uses_completions(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--template", "plain", "--no-score", "-o", "p")
    (line,) = rows(openmedlm("export", "p", "--to", "batch", "--data-dir", "sample", "--limit", 1, "-m", "x").out)
    assert line["url"] == "/v1/completions"
    assert line["body"]["model"] == "x"
    assert line["body"]["prompt"].endswith("step by step.")


@pytest.mark.parametrize(("strategy", "kind"), [("few-shot-cot", dspy.ChainOfThought), ("few-shot", dspy.Predict)])
def test_stock_dspy_module_loads_the_exported_state(
    strategy: str, kind: Any, openmedlm: Run, hosted: tuple[str, ...]
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    assert openmedlm("export", "p", "--to", "dspy", "-o", "state.json").code == 0
    for signature in (MultipleChoiceQA, "context: list[str], question, options: dict[str, str] -> answer"):
        program = kind(signature)
        program.load("state.json")
        (predictor,) = program.predictors()
        shown = load_program("p").program
        assert predictor.signature.instructions == shown.instructions
        assert [demo["id"] for demo in predictor.demos] == [e.question.id for e in shown.exemplars.exemplars]
        assert all(bool(demo.get("reasoning")) == (strategy == "few-shot-cot") for demo in predictor.demos)


@pytest.mark.parametrize(("strategy", "kind"), [("knn-cot", KNNCoT), ("ensemble", lambda: MajorityEnsemble(KNNCoT()))])
def test_exported_retrieving_program_loads_with_its_pool(
    strategy: str, kind: Any, openmedlm: Run, hosted: tuple[str, ...]
) -> None:
    openmedlm("compile", "-s", strategy, *hosted, "--no-score", "-o", "p")
    ended = openmedlm("export", "p", "--to", "dspy", "-o", "state.json")
    assert f"openmedlm.{type(kind()).__name__}(" in ended.err
    module = kind()
    module.load("state.json")
    assert module.prompt_program().digest() == load_program("p").program.digest()


def test_export_with_json_requires_an_output_file(openmedlm: Run, hosted: tuple[str, ...]) -> None:
    openmedlm("compile", "-s", "cot", *hosted, "--no-score", "-o", "p")
    ended = openmedlm("export", "p", "--to", "messages", "--data-dir", "sample", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "-o" in ended.err


def test_unknown_export_format_is_a_usage_error(openmedlm: Run) -> None:
    ended = openmedlm("export", "p", "--to", "yaml")
    assert ended.code == 2
    assert 'unknown format "yaml"' in ended.err
