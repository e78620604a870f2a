from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.data import BENCHMARKS, Question, UserError
from openmedlm.optimizers.random_few_shot import RandomFewShot, stratified
from openmedlm.programs import Exemplar, FixedExemplars
from openmedlm.programs.convert import to_demo
from openmedlm.programs.cot import CoT
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT

Load = Callable[[str, str], list[Question]]
Trainset = Callable[[str], list[dspy.Example]]


def pool_of(strata: Sequence[tuple[str | None, str]]) -> list[Exemplar]:
    options = {"A": "yes", "B": "no", "C": "maybe"}
    return [
        Exemplar(Question(f"q{n}", "invented", "pool", f"Stem {n}?", options, answer, subject=subject))
        for n, (subject, answer) in enumerate(strata)
    ]


pools = st.lists(
    st.tuples(st.sampled_from(["anatomy", "genetics", "surgery", None]), st.sampled_from("ABC")), max_size=40
).map(pool_of)


@settings(deadline=None)
@given(pools, st.integers(0, 12), st.integers(0, 2**31 - 1))
def test_stratified_draws_k_by_seed(pool: list[Exemplar], k: int, seed: int) -> None:
    chosen = stratified(pool, k, seed)
    names = [exemplar.question.id for exemplar in chosen]
    assert len(names) == len(set(names)) == min(k, len(pool))
    assert all(exemplar in pool for exemplar in chosen)
    assert stratified(pool, k, seed) == chosen


@settings(deadline=None)
@given(pools, st.integers(1, 12), st.integers(0, 2**31 - 1))
def test_stratified_balances_subjects(pool: list[Exemplar], k: int, seed: int) -> None:
    taken = Counter(exemplar.question.subject for exemplar in stratified(pool, k, seed))
    there = Counter(exemplar.question.subject for exemplar in pool)
    for subject, count in there.items():
        if taken[subject] < count:
            assert max(taken.values()) <= taken[subject] + 1


@settings(deadline=None)
@given(st.lists(st.sampled_from("ABC"), max_size=40), st.integers(1, 12), st.integers(0, 2**31 - 1))
def test_stratified_balances_letters(answers: list[str], k: int, seed: int) -> None:
    pool = pool_of([("anatomy", answer) for answer in answers])
    taken = Counter(exemplar.question.answer for exemplar in stratified(pool, k, seed))
    there = Counter(answers)
    for letter, count in there.items():
        if taken[letter] < count:
            assert max(taken.values()) <= taken[letter] + 1


def test_stratified_six_cover_six_subjects(sample: Load) -> None:
    chosen = stratified([Exemplar(question) for question in sample("mmlu", "pool")], 6, seed=0)
    assert len({exemplar.question.subject for exemplar in chosen}) == 6


def test_stratified_with_other_seeds_draws_others(sample: Load) -> None:
    pool = [Exemplar(question) for question in sample("medqa", "pool")]
    assert len({tuple(e.question.id for e in stratified(pool, 5, seed)) for seed in range(20)}) > 15


def test_stratified_leaves_the_pool_unchanged(sample: Load) -> None:
    pool = [Exemplar(question) for question in sample("medqa", "pool")]
    before = list(pool)
    stratified(pool, 5, seed=0)
    assert pool == before


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_random_exemplars_are_the_same_for_all(benchmark: str, trainset: Trainset, sample: Load) -> None:
    program = RandomFewShot(k=4, seed=2).compile(FewShot(), trainset=trainset(benchmark)).prompt_program()
    first, *others = program.exemplars.choose(sample(benchmark, "dev"))
    assert len(first.exemplars) == 4
    assert all(selection == first for selection in others)


def test_compile_leaves_the_student_unchanged(trainset: Trainset) -> None:
    student = FewShot()
    compiled = RandomFewShot(k=4).compile(student, trainset=trainset("medqa"))
    assert compiled is not student
    assert student.exemplars == FixedExemplars()
    assert isinstance(compiled, FewShot)


def test_compile_again_replaces_the_exemplars(trainset: Trainset) -> None:
    once = RandomFewShot(k=4, seed=1).compile(FewShot(), trainset=trainset("medqa"))
    twice = RandomFewShot(k=2, seed=2).compile(once, trainset=trainset("medqa"))
    fresh = RandomFewShot(k=2, seed=2).compile(FewShot(), trainset=trainset("medqa"))
    assert twice.exemplars == fresh.exemplars


def test_direct_student_shows_no_rationales(trainset: Trainset) -> None:
    compiled = RandomFewShot(k=4).compile(FewShot(), trainset=trainset("medqa"))
    assert all(exemplar.rationale is None for exemplar in compiled.exemplars.exemplars)


def test_random_reasoning_student_shows_rationales(trainset: Trainset) -> None:
    compiled = RandomFewShot(k=4).compile(FewShotCoT(), trainset=trainset("medqa"))
    assert all(exemplar.rationale and exemplar.teacher == "dataset" for exemplar in compiled.exemplars.exemplars)


def test_random_cot_uses_only_rationales(sample: Load, trainset: Trainset) -> None:
    bare = [to_demo(Exemplar(replace(question, id=f"bare-{question.id}"))) for question in sample("mmlu", "pool")]
    compiled = RandomFewShot(k=30).compile(FewShotCoT(), trainset=[*bare, *trainset("mmlu")])
    assert len(compiled.exemplars.exemplars) == 24
    assert not any(exemplar.question.id.startswith("bare") for exemplar in compiled.exemplars.exemplars)


def test_reasoning_without_rationales_is_one_line(sample: Load) -> None:
    bare = [to_demo(Exemplar(question)) for question in sample("mmlu", "pool")]
    with pytest.raises(UserError, match=r"few-shot-cot in .*none of the 24 exemplars") as caught:
        RandomFewShot().compile(FewShotCoT(), trainset=bare)
    assert "--pool" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("student", [FewShot, FewShotCoT, CoT])
def test_saved_program_keeps_its_exemplars(student: type[FewShot], trainset: Trainset, tmp_path: Path) -> None:
    compiled = RandomFewShot(k=3).compile(student(), trainset=trainset("pubmedqa"))
    compiled.save(tmp_path / "x.json")
    fresh = student()
    fresh.load(tmp_path / "x.json")
    assert fresh.prompt_program() == compiled.prompt_program()
    assert len(fresh.exemplars.exemplars) == 3
