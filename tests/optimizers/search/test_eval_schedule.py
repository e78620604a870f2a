from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.optimizers.search.eval_schedule import EvalSchedule, split_dev

Made = Callable[[int], list[Question]]


def test_split_dev_partitions_the_questions(made: Made) -> None:
    search_set, holdout = split_dev(made(100), seed=0, share=0.3)
    assert (len(search_set.questions), len(holdout.questions)) == (30, 70)
    assert {q.id for q in (*search_set.questions, *holdout.questions)} == {f"q{i}" for i in range(100)}


def test_split_dev_depends_on_the_seed_only(made: Made) -> None:
    assert split_dev(made(50), 1, 0.5) == split_dev(made(50)[::-1], 1, 0.5)
    assert split_dev(made(50), 1, 0.5) != split_dev(made(50), 2, 0.5)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_split_dev_with_an_empty_set_is_refused(share: float, made: Made) -> None:
    with pytest.raises(ValueError, match="holdout set"):
        split_dev(made(10), 0, share)


@given(st.integers(1, 300), st.integers(1, 60), st.floats(1, 3))
def test_blocks_keep_the_order_of_questions(count: int, block: int, growth: float) -> None:
    numbers = tuple(range(count))
    blocks = list(EvalSchedule(numbers, block, growth).blocks())  # type: ignore[arg-type]  # any sequence works
    assert [number for one in blocks for number in one] == list(numbers)
    assert len(blocks[0]) >= min(block, count)
    # No test right before the end: the last block is at least half as long as the one before.
    assert len(blocks) == 1 or len(blocks[-1]) >= len(blocks[-2]) / 2


def test_schedule_has_golds_and_fingerprint(made: Made) -> None:
    schedule = EvalSchedule(tuple(made(3)), 2)
    assert schedule.golds == "".join(question.answer for question in made(3))
    assert schedule.fingerprint() != EvalSchedule(tuple(made(4)), 2).fingerprint()
