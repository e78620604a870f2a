from collections.abc import Callable
from dataclasses import replace

import dspy
import pytest

from openmedlm.data import BENCHMARKS, Question
from openmedlm.programs import Exemplar, exemplar_from_explanation, to_exemplars
from openmedlm.programs.convert import to_demo, to_demos, to_exemplar, to_question
from openmedlm.programs.exemplar import exemplars_digest

Load = Callable[[str, str], list[Question]]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_exemplar_round_trips_through_a_demo(benchmark: str, sample: Load) -> None:
    """The explanation and the split are lost; no prompt shows them."""
    for question in sample(benchmark, "pool"):
        exemplar = exemplar_from_explanation(question)
        assert exemplar is not None
        back = to_exemplar(to_demo(exemplar))
        assert back == replace(exemplar, question=replace(question, split="", explanation=None))


def test_demos_have_rationales_of_the_explanations(
    make_question: Callable[..., Question],
) -> None:
    asked = [
        make_question(1, explanation="It filters. The answer is B."),
        make_question(2),
        make_question(3, explanation="The answer is C."),
    ]
    assert [demo.get("reasoning") for demo in to_demos(asked)] == ["It filters.", None, None]
    assert [demo.id for demo in to_demos(asked)] == ["q1", "q2", "q3"]


def test_demo_without_rationale_has_no_reasoning(sample: Load) -> None:
    demo = to_demo(Exemplar(sample("medqa", "pool")[0]))
    assert "reasoning" not in demo
    assert to_exemplar(demo).rationale is None


def test_demo_declares_its_input_fields(sample: Load) -> None:
    demo = to_demo(Exemplar(sample("pubmedqa", "pool")[0], "Because."))
    assert set(demo.inputs().keys()) == {"context", "question", "options"}


def test_demo_of_another_optimizer_becomes_an_exemplar() -> None:
    bootstrapped = dspy.Example(
        augmented=True, question="Pumps?", options={"A": "Liver", "B": "Heart"}, answer="B", reasoning="It beats."
    )
    assert to_exemplar(bootstrapped) == Exemplar(
        Question("", "", "", "Pumps?", {"A": "Liver", "B": "Heart"}, "B"), "It beats."
    )


@pytest.mark.parametrize(
    ("context", "paragraphs"),
    [(None, ()), ([], ()), ("", ()), ("One.", ("One.",)), (["One.", "Two."], ("One.", "Two."))],
)
def test_context_becomes_paragraphs(context: object, paragraphs: tuple[str, ...]) -> None:
    fields = {"question": "Pumps?", "options": {"A": "yes", "B": "no"}, "context": context}
    assert to_question(fields).context == paragraphs


def test_to_exemplar_returns_an_exemplar_unchanged(sample: Load) -> None:
    exemplar = Exemplar(sample("medqa", "pool")[0], "Because.", "dataset")
    assert to_exemplar(exemplar) is exemplar


def test_to_exemplars_equals_the_way_through_demos(sample: Load) -> None:
    questions = sample("mmlu", "pool")
    assert exemplars_digest(to_exemplars(questions)) == exemplars_digest(list(map(to_exemplar, to_demos(questions))))
