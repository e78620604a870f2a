"""From a strategy's name to a compiled program."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dspy

from openmedlm.optimizers.knn_few_shot import KNNFewShot
from openmedlm.optimizers.majority_vote import MajorityVote
from openmedlm.optimizers.program_config import STRATEGIES, WITHOUT_EXEMPLARS, ProgramConfig
from openmedlm.optimizers.random_few_shot import RandomFewShot
from openmedlm.optimizers.trainset import MissingRationales
from openmedlm.programs import SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.knn_strategy import KNNStrategy
from openmedlm.programs.retrieval import find_embedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import SINGLE
from openmedlm.utils.choices import check_choice


def shows_rationales(name: str, member: str) -> bool:
    """Whether the strategy of that name shows exemplars with rationales; an ensemble does where its member does."""
    name = member if name == MajorityEnsemble.name else name
    return name in SINGLE and name not in WITHOUT_EXEMPLARS and SINGLE[name].module is dspy.ChainOfThought


def compile_program(
    name: str,
    trainset: Sequence[dspy.Example],
    choices: ProgramConfig,
    vectors: Path | None,
    told: Callable[[int, int], None] | None = None,
) -> Strategy | MajorityEnsemble:
    """The strategy of that name, compiled on a trainset.

    Args:
        name: one of `openmedlm.optimizers.STRATEGIES`.
        trainset: what exemplars are taken from; see `openmedlm.programs.to_demos`.
        choices: everything else.
        vectors: folder in which vectors are kept; None keeps none.
        told: called while a pool is embedded (`openmedlm.optimizers.knn_few_shot`).

    Raises:
        UserError: no such strategy; MissingRationales where the trainset can't serve it.
    """
    if check_choice(name, STRATEGIES, "strategy") != MajorityEnsemble.name:
        return _single(name, trainset, choices, vectors, told)
    member = _single(choices.member, trainset, choices, vectors, told)
    vote = MajorityVote(votes=choices.votes, shuffle=choices.shuffle, seed=choices.seed)
    compiled = vote.compile(member, trainset=trainset)
    compiled.member.decode = _chosen(compiled.decode, choices)
    return compiled


def _single(
    name: str,
    trainset: Sequence[dspy.Example],
    choices: ProgramConfig,
    vectors: Path | None,
    told: Callable[[int, int], None] | None,
) -> Strategy:
    strategy = SINGLE[check_choice(name, SINGLE, "strategy")]
    student = strategy(choices.template, seed=choices.seed)
    student.decode = _chosen(student.decode, choices)
    if choices.instructions is not None:
        student.predictor.signature = student.predictor.signature.with_instructions(choices.instructions)
    if name in WITHOUT_EXEMPLARS:
        return student
    if not trainset:
        raise MissingRationales(f"{name} shows exemplars, and the pool is empty")
    if isinstance(student, KNNStrategy):
        embedder = find_embedder(choices.embedder, choices.embedder_api_base)
        nearest = KNNFewShot(choices.k, embedder, vectors, choices.index, choices.balance, told, choices.order)
        return nearest.compile(student, trainset=trainset)
    return RandomFewShot(choices.k, choices.seed).compile(student, trainset=trainset)


def _chosen(decode: SamplingParams, choices: ProgramConfig) -> SamplingParams:
    wanted = {name: getattr(choices, name) for name in ("temperature", "top_p", "top_k", "max_tokens")}
    return replace(decode, **{name: value for name, value in wanted.items() if value is not None})
