from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import load_split
from openmedlm.optimizers import ProgramConfig
from openmedlm.optimizers.compile import compile_program
from openmedlm.optimizers.search.instructions import VARIANTS
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.space import Space, Span
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.programs.convert import to_demos
from openmedlm.programs.retrieval import find_embedder

DEMOS = to_demos(load_split("mmlu", "pool", "sample"))
SPACE = Space(k=Span(low=0, high=4))

POINTS = [
    TrialConfig("zero-shot"),
    TrialConfig("zero-shot", votes=5, shuffle=True),
    TrialConfig("few-shot", k=0),
    TrialConfig("few-shot", k=1),
    TrialConfig("few-shot-cot", k=0, votes=3, temperature=0.8, top_p=0.8),
    TrialConfig("few-shot-cot", k=3, temperature=0.6, top_p=0.8),
    TrialConfig("cot", votes=4, temperature=1.0, top_p=1.0, instructions="careful"),
    TrialConfig("knn-few-shot", k=2, order="nearest-first"),
    TrialConfig("knn-cot", k=0),
    TrialConfig("knn-cot", k=4, votes=3, temperature=0.8, top_p=0.8, shuffle=True, instructions="Say it."),
]


@pytest.mark.parametrize("point", POINTS, ids=TrialConfig.label)
def test_factory_program_equals_a_compiled_one(point: TrialConfig, vectors: Path) -> None:
    made = ProgramFactory(SPACE, ProgramConfig(seed=7), DEMOS, DEMOS, vectors).program(point)
    choices = ProgramConfig(
        k=point.k,
        votes=point.votes,
        member=point.strategy,
        shuffle=point.shuffle,
        temperature=point.temperature,
        top_p=point.top_p,
        order=point.order,
        instructions=None if point.instructions == "default" else VARIANTS.get(point.instructions, point.instructions),
        seed=7,
    )
    name = "ensemble" if point.votes > 1 else point.strategy
    compiled = compile_program(name, DEMOS, choices, vectors).prompt_program()
    compiled = replace(compiled, decode=replace(compiled.decode, sampling="auto"))  # a set temperature makes it program
    if point.temperature == 0:  # by default an ensemble samples
        compiled = replace(compiled, decode=replace(compiled.decode, top_p=None))
    assert made.describe() == compiled.describe()
    questions = load_split("mmlu", "dev", "sample")[:3]
    for question, ours, theirs in zip(
        questions, made.exemplars.choose(questions), compiled.exemplars.choose(questions), strict=True
    ):
        assert made.sample_prompts(question, ours.exemplars) == compiled.sample_prompts(question, theirs.exemplars)


@pytest.mark.parametrize(("strategy", "named"), [("few-shot", "zero-shot"), ("few-shot-cot", "cot")])
def test_factory_names_k_zero_by_its_prompt(strategy: str, named: str) -> None:
    factory = ProgramFactory(SPACE, ProgramConfig(), DEMOS, DEMOS, None)
    assert factory.program(TrialConfig(strategy, k=0)).strategy == named
    voted = factory.program(TrialConfig(strategy, k=0, votes=3, temperature=0.8, top_p=0.8))
    assert (voted.strategy, voted.member) == ("ensemble", named)
    assert factory.program(TrialConfig(strategy, k=1)).strategy == strategy


def test_factory_compiles_once_per_embedder(vectors: Path) -> None:
    program_factory = ProgramFactory(SPACE, ProgramConfig(), DEMOS, DEMOS, vectors)
    assert program_factory.compiled("knn-cot") is program_factory.compiled("knn-cot")
    path = find_embedder().name
    assert program_factory.compiled("knn-cot", path) is not program_factory.compiled("knn-cot")


def test_program_without_rationales_is_refused() -> None:
    bare = [demo.without("reasoning") for demo in DEMOS]
    with pytest.raises(MissingRationales, match="rationale"):
        ProgramFactory(SPACE, ProgramConfig(), bare, bare, None).program(TrialConfig("knn-cot", k=2))


@pytest.mark.parametrize(
    ("point", "thinks", "decode"),
    [
        (TrialConfig("zero-shot"), True, {}),
        (TrialConfig("zero-shot", temperature=0.8, top_p=0.8), False, {}),
        (TrialConfig("zero-shot", temperature=0.8, top_p=0.8), True, {"sampling": "program"}),
        (TrialConfig("zero-shot", thinking="off"), True, {"thinking": "off"}),
        (TrialConfig("zero-shot", thinking_tokens=900), True, {"thinking_tokens": 900}),
        (
            TrialConfig("zero-shot", temperature=0.8, top_p=0.8, thinking="low"),
            False,
            {"thinking": "low", "sampling": "program"},
        ),
    ],
)
def test_factory_decode_has_thinking_of_the_trial(point: TrialConfig, thinks: bool, decode: dict[str, object]) -> None:
    factory = ProgramFactory(SPACE, ProgramConfig(), DEMOS, DEMOS, None)
    made = (factory.for_thinking() if thinks else factory).program(point)
    described = made.decode.describe()
    assert {
        name: described[name] for name in ("sampling", "thinking", "thinking_tokens") if name in described
    } == decode


def test_factory_keeps_the_sampling_of_an_option() -> None:
    factory = ProgramFactory(SPACE, ProgramConfig(sampling="model"), DEMOS, DEMOS, None).for_thinking()
    assert factory.program(TrialConfig("zero-shot", temperature=0.8, top_p=0.8)).decode.sampling == "model"


@pytest.mark.parametrize(
    ("config", "further"),
    [
        (ProgramConfig(), {}),
        (ProgramConfig(max_tokens=90, top_k=5), {}),
        (ProgramConfig(max_tokens=90, thinking_tokens=900), {"thinking_tokens": 900}),
        (ProgramConfig(top_k=5, sampling="program"), {"sampling": "program"}),
        (ProgramConfig(thinking="off"), {"thinking": "off"}),
    ],
)
def test_description_has_the_options_that_were_given(config: ProgramConfig, further: dict[str, object]) -> None:
    decode = ProgramFactory(SPACE, config, DEMOS, DEMOS, None).describe("zero-shot")["decode"]
    assert isinstance(decode, dict)
    known = {"max_tokens", "temperature", "top_p", "top_k", "stop"}
    assert {name: value for name, value in decode.items() if name not in known} == further
    assert known <= decode.keys()
