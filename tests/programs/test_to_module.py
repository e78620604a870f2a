"""Conversions between strategies."""

from collections.abc import Callable

import pytest

from openmedlm.data import Question
from openmedlm.programs import Exemplar, FixedExemplars, SamplingParams
from openmedlm.programs.cot import CoT
from openmedlm.programs.few_shot import FewShot
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.knn_cot import KNNCoT
from openmedlm.programs.knn_few_shot import KNNPredict
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.template import CHAT_USER
from openmedlm.programs.to_module import as_knn
from openmedlm.programs.zero_shot import ZeroShot

SAMPLED = SamplingParams(max_tokens=9, temperature=0.3, stop=("x",))


@pytest.mark.parametrize(
    ("student", "retriever"),
    [
        (ZeroShot, KNNPredict),
        (FewShot, KNNPredict),
        (KNNPredict, KNNPredict),
        (CoT, KNNCoT),
        (FewShotCoT, KNNCoT),
        (KNNCoT, KNNCoT),
    ],
)
def test_as_knn_keeps_all_but_the_exemplars(student: type[Strategy], retriever: type[Strategy]) -> None:
    before = student(CHAT_USER, SAMPLED, seed=7)
    before.predictor.signature = before.predictor.signature.with_instructions("Name the option.")
    after = as_knn(before)
    assert type(after) is retriever
    assert after is not before
    assert (after.template, after.decode, after.seed) == (CHAT_USER, SAMPLED, 7)
    assert after.predictor.signature.instructions == "Name the option."
    assert after.predictor.signature.output_fields.keys() == before.predictor.signature.output_fields.keys()
    assert after.nearest is None


def test_as_knn_drops_fixed_exemplars_of_the_copy(sample: Callable[[str, str], list[Question]]) -> None:
    exemplars = tuple(Exemplar(question) for question in sample("mmlu", "pool")[:2])
    student = FewShot()
    student.show(exemplars)
    assert as_knn(student).predictor.demos == []
    assert isinstance(student.exemplars, FixedExemplars)
    assert [shown.question.id for shown in student.exemplars.exemplars] == [one.question.id for one in exemplars]


def test_as_knn_drops_the_pool_of_the_copy(ready: Callable[..., Strategy]) -> None:
    student = ready("knn-cot", "mmlu")
    assert as_knn(student).nearest is None
    assert student.exemplars.describe()["kind"] == "nearest"
