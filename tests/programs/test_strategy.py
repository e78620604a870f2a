from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from openmedlm.data import Question
from openmedlm.programs import CHAT, PLAIN, Exemplar, FixedExemplars, SamplingParams
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.sampling_params import DIRECT_TOKENS, REASONING_TOKENS
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.zero_shot import ZeroShot

OPTIONS = {"A": "Liver", "B": "Heart", "C": "Spleen"}
Load = Callable[[str, str], list[Question]]


def test_greedy_strategy_sends_temperature_zero(server: Any, lm: dspy.LM) -> None:
    ZeroShot()(question="Which organ pumps?", options=OPTIONS)
    assert [body["temperature"] for body in server.bodies] == [0.0]


def test_strategy_overrides_parameters_of_the_lm(server: Any) -> None:
    hot = dspy.LM("openai/x", api_base=server.base_url, api_key="x", cache=False, temperature=1.0, max_tokens=7)
    with dspy.context(lm=hot):
        ZeroShot()(question="Which organ pumps?", options=OPTIONS)
    (body,) = server.bodies
    assert (body["temperature"], body["max_completion_tokens"]) == (0.0, DIRECT_TOKENS)


def test_unparsed_completion_gives_none_without_a_retry(server: Any, lm: dspy.LM, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("I would rather not say.")
    prediction = CoT()(question="Which organ pumps?", options=OPTIONS)
    assert prediction.answer is None
    assert prediction.reasoning == "I would rather not say."
    assert len(server.requests) == 1


@pytest.mark.parametrize("said", ["A", "(A)", "A.", "a)", "**A**", "The answer is A.", "A. Liver", "Liver"])
def test_letter_a_is_parsed_in_every_wording(said: str, server: Any, lm: dspy.LM, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply(said)
    assert ZeroShot()(question="Which organ makes bile?", options=OPTIONS).answer == "A"


def test_reasoning_excludes_its_closing_sentence(server: Any, lm: dspy.LM, make_reply: Any) -> None:
    server.reply = lambda asked: make_reply("The heart pumps, unlike (A).\n\nTherefore, the answer is (B).")
    prediction = CoT()(question="Which organ pumps?", options=OPTIONS)
    assert (prediction.answer, prediction.reasoning) == ("B", "The heart pumps, unlike (A).")


def test_knn_without_a_pool_names_the_optimizer(lm: dspy.LM) -> None:
    with pytest.raises(ValueError, match=r"pool in KNNPredict.*openmedlm\.KNNFewShot"):
        KNNPredict()(question="Which organ pumps?", options=OPTIONS)


def test_show_sets_exemplars_of_the_prompt_program(sample: Load) -> None:
    exemplars = tuple(Exemplar(question, "Because.", "dataset") for question in sample("medqa", "pool")[:2])
    strategy = FewShotCoT()
    strategy.show(exemplars)
    source = strategy.prompt_program().exemplars
    assert isinstance(source, FixedExemplars)
    (selection,) = source.choose(sample("medqa", "dev")[:1])
    one, two = selection.exemplars
    assert [one.question.id, two.question.id] == [exemplar.question.id for exemplar in exemplars]
    assert (one.rationale, one.teacher) == ("Because.", "dataset")


def test_saved_strategy_keeps_its_exemplars(sample: Load, tmp_path: Path) -> None:
    exemplars = [
        Exemplar(question, f"Because {question.id}.", "dataset") for question in sample("pubmedqa", "pool")[:3]
    ]
    strategy, fresh = FewShotCoT(), FewShotCoT()
    strategy.show(exemplars)
    strategy.save(tmp_path / "x.json")
    fresh.load(tmp_path / "x.json")
    assert fresh.prompt_program() == strategy.prompt_program()
    assert [exemplar.question.id for exemplar in fresh.exemplars.exemplars] == [e.question.id for e in exemplars]
    assert [exemplar.rationale for exemplar in fresh.exemplars.exemplars] == [e.rationale for e in exemplars]


def test_loaded_strategy_sends_the_same_messages(sample: Load, server: Any, lm: dspy.LM, tmp_path: Path) -> None:
    strategy, fresh = FewShot(), FewShot()
    strategy.show([Exemplar(question) for question in sample("mmlu", "pool")[:3]])
    strategy.save(tmp_path / "x.json")
    fresh.load(tmp_path / "x.json")
    for program in (strategy, fresh):
        program(question="Which organ pumps?", options=OPTIONS)
    one, two = server.requests
    assert one.prompt == two.prompt
    assert len(one.prompt) == 8


@pytest.mark.parametrize(
    ("strategy", "template", "decode"),
    [
        (ZeroShot, CHAT, SamplingParams(DIRECT_TOKENS)),
        (CoT, CHAT, SamplingParams(REASONING_TOKENS)),
        (ZeroShot, PLAIN, SamplingParams(DIRECT_TOKENS, stop=("\n",))),
        (CoT, PLAIN, SamplingParams(REASONING_TOKENS, stop=("\nQuestion:", "\n\n\n"))),
    ],
)
def test_default_sampling_is_greedy_with_the_styles_limit(
    strategy: type[Strategy], template: Any, decode: SamplingParams
) -> None:
    assert strategy(template).decode == decode
    assert strategy(template).prompt_program().decode == decode


@pytest.mark.parametrize("model", ["openai/x", "hosted_vllm/x"])
def test_sampling_params_are_all_sent(model: str, server: Any) -> None:
    decode = SamplingParams(max_tokens=5, temperature=0.8, top_p=0.9, top_k=40, stop=("x",))
    with dspy.context(lm=dspy.LM(model, api_base=server.base_url, api_key="x", cache=False)):
        ZeroShot(decode=decode)(question="Which organ pumps?", options=OPTIONS)
    (body,) = server.bodies
    sampled = {name: body.get(name) for name in ("temperature", "top_p", "top_k", "stop")}
    assert sampled == {"temperature": 0.8, "top_p": 0.9, "top_k": 40, "stop": ["x"]}


def test_unset_sampling_params_are_not_sent(server: Any, lm: dspy.LM) -> None:
    ZeroShot(decode=SamplingParams(max_tokens=5))(question="Which organ pumps?", options=OPTIONS)
    assert set(server.bodies[0]) == {"model", "messages", "temperature", "max_completion_tokens"}


def test_signature_as_template_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"CoT: 'question -> answer'\. .*TEMPLATES"):
        CoT("question -> answer")  # type: ignore[arg-type]


@pytest.mark.parametrize("program", [ZeroShot(), MajorityEnsemble(CoT(), votes=2)])
def test_options_in_a_list_are_a_type_error(program: Strategy | MajorityEnsemble, lm: dspy.LM) -> None:
    with pytest.raises(TypeError, match=r"options must be a mapping .* \['Liver', 'Heart'\]"):
        program(question="Which organ pumps?", options=["Liver", "Heart"])


@pytest.mark.parametrize("member", [dspy.Predict("question -> answer"), CoT, MajorityEnsemble(CoT()), None])
def test_wrong_member_of_an_ensemble_is_a_type_error(member: Any) -> None:
    with pytest.raises(TypeError, match=r"member of MajorityEnsemble: .*CoT\(\)"):
        MajorityEnsemble(member)
