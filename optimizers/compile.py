"""Compiled programs by the name of their strategy."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dspy

from openmedlm.optimizers.knn_few_shot import KNNFewShot
from openmedlm.optimizers.majority_vote import MajorityVote
from openmedlm.optimizers.program_config import ProgramConfig
from openmedlm.optimizers.random_few_shot import RandomFewShot
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.programs import SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.registry import STRATEGIES, WITHOUT_EXEMPLARS
from openmedlm.programs.retrieval import find_embedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES
from openmedlm.utils.choices import check_choice


def shows_rationales(name: str, member: str) -> bool:
    """Return True if the strategy shows exemplars with rationales; an ensemble does if its member does."""
    name = member if name == MajorityEnsemble.name else name
    strategy = STRATEGY_CLASSES.get(name)
    return strategy is not None and name not in WITHOUT_EXEMPLARS and strategy.predictor_class is dspy.ChainOfThought


def compile_program(
    name: str,
    trainset: Sequence[dspy.Example],
    config: ProgramConfig,
    vectors: Path | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Strategy | MajorityEnsemble:
    """Return the strategy of that name, compiled on a trainset.

    Args:
        name: One of `openmedlm.optimizers.STRATEGIES`.
        trainset: Exemplars; see `openmedlm.programs.to_demos`.
        config: All other options.
        vectors: Folder of cached vectors; None caches none.
        on_progress: Called while a pool is embedded; see `openmedlm.optimizers.KNNFewShot`.

    Raises:
        UserError: The strategy is unknown.
        MissingRationales: The trainset lacks what the strategy shows.

    Example:
        >>> from openmedlm.optimizers import ProgramConfig, compile_program
        >>> compile_program("cot", [], ProgramConfig(), None).name
        'cot'
    """
    if check_choice(name, STRATEGIES, "strategy") != MajorityEnsemble.name:
        return _compile_single(name, trainset, config, vectors, on_progress)
    member = _compile_single(config.member, trainset, config, vectors, on_progress)
    vote = MajorityVote(votes=config.votes, shuffle=config.shuffle, seed=config.seed)
    compiled = vote.compile(member, trainset=trainset)
    compiled.member.decode = with_config(compiled.decode, config)
    return compiled


def _compile_single(
    name: str,
    trainset: Sequence[dspy.Example],
    config: ProgramConfig,
    vectors: Path | None,
    on_progress: Callable[[int, int], None] | None,
) -> Strategy:
    strategy = STRATEGY_CLASSES[check_choice(name, STRATEGY_CLASSES, "strategy")]
    student = strategy(config.template, seed=config.seed)
    student.decode = with_config(student.decode, config)
    if config.instructions is not None:
        student.predictor.signature = student.predictor.signature.with_instructions(config.instructions)
    if name in WITHOUT_EXEMPLARS:
        return student
    if not trainset:
        raise MissingRationales(f"no exemplars for {name}: the pool is empty. Use a strategy without exemplars.")
    if isinstance(student, KNNStrategy):
        knn = KNNFewShot(
            config.k,
            find_embedder(config.embedder, config.embedder_api_base),
            vectors,
            index=config.index,
            balance=config.balance,
            on_progress=on_progress,
            order=config.order,
        )
        return knn.compile(student, trainset=trainset)
    return RandomFewShot(config.k, config.seed).compile(student, trainset=trainset)


def with_config(decode: SamplingParams, config: ProgramConfig) -> SamplingParams:
    """Return the parameters with those of the configuration.

    A temperature or top_p that is set is sent, whether the model thinks or not. A token limit that is set is the limit
    of the whole completion, unless thoughts have a limit of their own.
    """
    values = {name: getattr(config, name) for name in ("temperature", "top_p", "top_k", "max_tokens")}
    changed = {name: value for name, value in values.items() if value is not None}
    sampling, thinking_tokens = config.sampling, config.thinking_tokens
    if sampling == "auto" and changed.keys() - {"max_tokens"}:
        sampling = "program"
    if thinking_tokens is None and config.max_tokens is not None:
        thinking_tokens = 0
    return replace(
        decode,
        **changed,
        sampling=sampling,
        thinking=config.thinking,
        thinking_tokens=thinking_tokens,
        extra_body=config.extra_body,
        omit_params=config.omit_params,
        thought_marks=config.thought_marks,
    )
