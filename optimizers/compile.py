"""From a strategy's name to a compiled program."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dspy

from openmedlm.optimizers.knn_few_shot import NearestFewShot
from openmedlm.optimizers.majority_vote import MajorityVote
from openmedlm.optimizers.program_config import LADDER, WITHOUT_EXEMPLARS, Choices
from openmedlm.optimizers.random_few_shot import RandomFewShot
from openmedlm.optimizers.trainset import PoolLacks
from openmedlm.programs import Decode
from openmedlm.programs.ensemble import Ensemble
from openmedlm.programs.knn_strategy import NearestStrategy
from openmedlm.programs.retrieval import find_embedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import SINGLE
from openmedlm.utils.names import known_name


def shows_rationales(name: str, member: str) -> bool:
    """Whether the strategy of that name shows exemplars with rationales; an ensemble does where its member does."""
    name = member if name == Ensemble.name else name
    return name in SINGLE and name not in WITHOUT_EXEMPLARS and SINGLE[name].module is dspy.ChainOfThought


def build(
    name: str,
    trainset: Sequence[dspy.Example],
    choices: Choices,
    vectors: Path | None,
    told: Callable[[int, int], None] | None = None,
) -> Strategy | Ensemble:
    """The strategy of that name, compiled on a trainset.

    Args:
        name: one of `openmedlm.optimizers.LADDER`.
        trainset: what exemplars are taken from; see `openmedlm.programs.demos_of`.
        choices: everything else.
        vectors: folder in which vectors are kept; None keeps none.
        told: called while a pool is embedded (`openmedlm.optimizers.knn_few_shot`).

    Raises:
        BadInput: no such strategy; PoolLacks where the trainset can't serve it.
    """
    if known_name(name, LADDER, "strategy") != Ensemble.name:
        return _single(name, trainset, choices, vectors, told)
    member = _single(choices.member, trainset, choices, vectors, told)
    vote = MajorityVote(votes=choices.votes, shuffle=choices.shuffle, seed=choices.seed)
    compiled = vote.compile(member, trainset=trainset)
    compiled.member.decode = _chosen(compiled.decode, choices)
    return compiled


def _single(
    name: str,
    trainset: Sequence[dspy.Example],
    choices: Choices,
    vectors: Path | None,
    told: Callable[[int, int], None] | None,
) -> Strategy:
    strategy = SINGLE[known_name(name, SINGLE, "strategy")]
    student = strategy(choices.template, seed=choices.seed)
    student.decode = _chosen(student.decode, choices)
    if choices.instructions is not None:
        student.predictor.signature = student.predictor.signature.with_instructions(choices.instructions)
    if name in WITHOUT_EXEMPLARS:
        return student
    if not trainset:
        raise PoolLacks(f"{name} shows exemplars, and the pool is empty")
    if isinstance(student, NearestStrategy):
        embedder = find_embedder(choices.embedder, choices.embedder_api_base)
        nearest = NearestFewShot(choices.k, embedder, vectors, choices.index, choices.balance, told, choices.order)
        return nearest.compile(student, trainset=trainset)
    return RandomFewShot(choices.k, choices.seed).compile(student, trainset=trainset)


def _chosen(decode: Decode, choices: Choices) -> Decode:
    wanted = {name: getattr(choices, name) for name in ("temperature", "top_p", "top_k", "max_tokens")}
    return replace(decode, **{name: value for name, value in wanted.items() if value is not None})
