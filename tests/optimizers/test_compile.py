from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from openmedlm.data import BENCHMARKS, Question, UserError
from openmedlm.optimizers import STRATEGIES, ProgramConfig
from openmedlm.optimizers.compile import compile_program
from openmedlm.programs import PLAIN
from openmedlm.programs.convert import to_demos
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.registry import WITHOUT_EXEMPLARS
from openmedlm.programs.sampling_params import DIRECT_TOKENS, REASONING_TOKENS

Load = Callable[[str, str], list[Question]]
RETRIEVES = ("knn-few-shot", "knn-cot", "ensemble")
REASONS = ("cot", "few-shot-cot", "knn-cot", "ensemble")


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_builds_any_strategy_and_benchmark(name: str, benchmark: str, sample: Load, vectors: Path) -> None:
    program = compile_program(
        name, to_demos(sample(benchmark, "pool")), ProgramConfig(seed=4), vectors
    ).prompt_program()
    assert (program.strategy, program.seed) == (name, 4)
    assert program.reasoning == (name in REASONS)
    assert program.votes == (5 if name == "ensemble" else 1)
    assert program.shuffle == (name == "ensemble")
    described = program.exemplars.describe()
    assert described["kind"] == ("nearest" if name in RETRIEVES else "fixed")
    shown = described.get("k") if name in RETRIEVES else len(described["ids"])
    assert shown == (0 if name in WITHOUT_EXEMPLARS else 5)


@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_with_the_same_config_repeats(name: str, sample: Load, vectors: Path) -> None:
    pool = to_demos(sample("mmlu", "pool"))
    one, two = (compile_program(name, pool, ProgramConfig(seed=4), vectors).prompt_program().digest() for _ in range(2))
    assert one == two


@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_overrides_sampling_parameters(name: str, sample: Load, vectors: Path) -> None:
    own = compile_program(name, to_demos(sample("mmlu", "pool")), ProgramConfig(), vectors).prompt_program().decode
    assert own.max_tokens == (REASONING_TOKENS if name in REASONS else DIRECT_TOKENS)
    assert own.temperature == (0.8 if name == "ensemble" else 0.0)
    chosen = ProgramConfig(temperature=0.0, top_p=0.5, top_k=7, max_tokens=9)
    decode = compile_program(name, to_demos(sample("mmlu", "pool")), chosen, vectors).prompt_program().decode
    assert (decode.temperature, decode.top_p, decode.top_k, decode.max_tokens) == (0.0, 0.5, 7, 9)


@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_uses_order_and_instructions(name: str, sample: Load, vectors: Path) -> None:
    choices = ProgramConfig(order="nearest-first", instructions="Say which.")
    program = compile_program(name, to_demos(sample("mmlu", "pool")), choices, vectors).prompt_program()
    assert program.instructions == "Say which."
    assert program.exemplars.describe().get("order") == ("nearest-first" if name in RETRIEVES else None)


@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_uses_the_configured_template(name: str, sample: Load, vectors: Path) -> None:
    program = compile_program(
        name, to_demos(sample("mmlu", "pool")), ProgramConfig(template=PLAIN), vectors
    ).prompt_program()
    assert program.template == PLAIN
    assert program.decode.stop == PLAIN.style(name in REASONS).stop


@pytest.mark.parametrize("member", [name for name in STRATEGIES if name != "ensemble"])
def test_compile_ensemble_uses_the_member(member: str, sample: Load, vectors: Path) -> None:
    choices = ProgramConfig(member=member, votes=3, shuffle=False)
    pool = to_demos(sample("mmlu", "pool"))
    ensemble = compile_program("ensemble", pool, choices, vectors)
    assert isinstance(ensemble, MajorityEnsemble)
    alone = compile_program(member, pool, choices, vectors).prompt_program()
    program = ensemble.prompt_program()
    assert (program.member, program.votes, program.shuffle) == (member, 3, False)
    assert program.exemplars.describe() == alone.exemplars.describe()
    assert program.reasoning == alone.reasoning


@pytest.mark.parametrize("k", [0, 2])
@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in WITHOUT_EXEMPLARS])
def test_compile_with_k_shows_k_exemplars(k: int, name: str, sample: Load, vectors: Path) -> None:
    program = compile_program(name, to_demos(sample("mmlu", "pool")), ProgramConfig(k=k), vectors).prompt_program()
    if name not in RETRIEVES:
        assert [len(s.exemplars) for s in program.exemplars.choose(sample("mmlu", "dev"))] == [k] * 12
    else:
        assert program.exemplars.describe()["k"] == k


def test_compile_with_another_seed_draws_others(sample: Load, vectors: Path) -> None:
    pool = to_demos(sample("medqa", "pool"))
    ids = {
        tuple(
            compile_program("few-shot", pool, ProgramConfig(seed=seed), vectors)
            .prompt_program()
            .exemplars.describe()["ids"]
        )
        for seed in range(8)
    }
    assert len(ids) > 5


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("few-shoot", "few-shot"), ("knn_cot", "knn-cot"), ("ensembel", "ensemble"), ("zeroshot", "zero-shot")],
)
def test_unknown_strategy_suggests_the_nearest(name: str, nearest: str, sample: Load, vectors: Path) -> None:
    with pytest.raises(UserError, match=f"{name}.*{nearest}") as caught:
        compile_program(name, to_demos(sample("mmlu", "pool")), ProgramConfig(), vectors)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("member", "named"), [("knn-cott", "knn-cot"), ("ensemble", "zero-shot")])
def test_compile_with_unknown_member_is_refused(member: str, named: str, sample: Load, vectors: Path) -> None:
    with pytest.raises(UserError, match=f"{member}.*{named}"):
        compile_program("ensemble", to_demos(sample("mmlu", "pool")), ProgramConfig(member=member), vectors)


@pytest.mark.parametrize("name", STRATEGIES)
def test_compile_with_an_empty_pool(name: str, vectors: Path) -> None:
    if name in WITHOUT_EXEMPLARS:
        assert compile_program(name, [], ProgramConfig(), vectors).prompt_program().strategy == name
    else:
        with pytest.raises(UserError, match="pool is empty"):
            compile_program(name, [], ProgramConfig(), vectors)


@pytest.mark.parametrize("name", ["few-shot-cot", "knn-cot", "ensemble"])
def test_compile_cot_without_rationales_is_refused(name: str, sample: Load, vectors: Path) -> None:
    bare = to_demos([replace(question, explanation=None) for question in sample("mmlu", "pool")])
    with pytest.raises(UserError, match="none of the 24 exemplars"):
        compile_program(name, bare, ProgramConfig(), vectors)


@pytest.mark.parametrize("name", ["few-shot", "knn-few-shot"])
def test_compile_direct_without_rationales(name: str, sample: Load, vectors: Path) -> None:
    bare = to_demos([replace(question, explanation=None) for question in sample("mmlu", "pool")])
    assert compile_program(name, bare, ProgramConfig(), vectors).prompt_program().strategy == name


def test_unloadable_embedder_is_one_line(sample: Load, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--embedder"):
        compile_program(
            "knn-cot", to_demos(sample("mmlu", "pool")), ProgramConfig(embedder=str(tmp_path)), tmp_path / "vectors"
        )
