from collections.abc import Callable
from pathlib import Path

import dspy
import pytest

from openmedlm.data import Question
from openmedlm.optimizers.majority_vote import MajorityVote
from openmedlm.optimizers.random_few_shot import RandomFewShot
from openmedlm.programs import PLAIN, SamplingParams
from openmedlm.programs.cot import CoT
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.zero_shot import ZeroShot

Load = Callable[[str, str], list[Question]]
Trainset = Callable[[str], list[dspy.Example]]


def test_majority_vote_copies_the_student() -> None:
    student = ZeroShot(PLAIN, seed=4)
    student._compiled = True
    ensemble = MajorityVote(votes=3, shuffle=False, seed=9).compile(student, trainset=[])
    assert isinstance(ensemble, MajorityEnsemble)
    assert ensemble.member is not student
    assert (ensemble.member.adapter.template, ensemble.member.seed) == (PLAIN, 4)
    assert student._compiled
    assert student.decode.greedy
    assert (ensemble.votes, ensemble.shuffle, ensemble.seed) == (3, False, 9)


def test_majority_vote_compiles_its_member(trainset: Trainset, sample: Load) -> None:
    optimizer = MajorityVote(votes=5, optimizer=RandomFewShot(k=3, seed=1))
    ensemble = optimizer.compile(FewShotCoT(), trainset=trainset("medqa"))
    alone = RandomFewShot(k=3, seed=1).compile(FewShotCoT(), trainset=trainset("medqa"))
    assert ensemble.prompt_program().exemplars == alone.prompt_program().exemplars
    question = sample("medqa", "dev")[0]
    (selection,) = alone.exemplars.choose([question])
    shown = selection.exemplars
    assert len(shown) == 3
    assert ensemble.prompt_program().render(question, shown) == alone.prompt_program().render(question, shown)


@pytest.mark.parametrize("decode", [None, SamplingParams(max_tokens=64, temperature=0.3)])
def test_majority_vote_sampling_parameters(decode: SamplingParams | None) -> None:
    ensemble = MajorityVote(decode=decode).compile(CoT(), trainset=[])
    assert ensemble.prompt_program().decode == (decode or SamplingParams(CoT().decode.max_tokens, 0.8, 0.8))


def test_saved_ensemble_keeps_member_exemplars(trainset: Trainset, tmp_path: Path) -> None:
    optimizer = MajorityVote(votes=5, optimizer=RandomFewShot(k=3, seed=1))
    ensemble = optimizer.compile(FewShotCoT(), trainset=trainset("medqa"))
    ensemble.save(tmp_path / "x.json")
    fresh = MajorityEnsemble(FewShotCoT(), votes=5)
    fresh.load(tmp_path / "x.json")
    assert fresh.prompt_program() == ensemble.prompt_program()
    assert len(fresh.member.exemplars.exemplars) == 3
