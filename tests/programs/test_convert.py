from collections.abc import Callable
from dataclasses import replace

import dspy
import pytest

from openmedlm.data import BENCHMARKS, Question
from openmedlm.programs import Exemplar, exemplar_from_explanation
from openmedlm.programs.convert import to_demo, to_demos, to_exemplar, to_question

Load = Callable[[str, str], list[Question]]


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_an_exemplar_survives_being_a_demo(benchmark: str, sample: Load) -> None:
    """All but the pool's own explanation and split, which no prompt shows."""
    for question in sample(benchmark, "pool"):
        exemplar = exemplar_from_explanation(question)
        assert exemplar is not None
        back = to_exemplar(to_demo(exemplar))
        assert back == replace(exemplar, question=replace(question, split="", explanation=None))


def test_questions_become_a_trainset_with_the_rationales_that_they_bring(
    make_question: Callable[..., Question],
) -> None:
    asked = [
        make_question(1, explanation="It filters. The answer is B."),
        make_question(2),
        make_question(3, explanation="The answer is C."),
    ]
    assert [demo.get("reasoning") for demo in to_demos(asked)] == ["It filters.", None, None]
    assert [demo.id for demo in to_demos(asked)] == ["q1", "q2", "q3"]


def test_a_demo_without_rationale_has_no_reasoning(sample: Load) -> None:
    demo = to_demo(Exemplar(sample("medqa", "pool")[0]))
    assert "reasoning" not in demo
    assert to_exemplar(demo).rationale is None


def test_a_demo_says_which_of_its_fields_are_inputs(sample: Load) -> None:
    demo = to_demo(Exemplar(sample("pubmedqa", "pool")[0], "Because."))
    assert set(demo.inputs().keys()) == {"context", "question", "options"}


def test_a_demo_that_another_optimizer_made_is_an_exemplar() -> None:
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
def test_a_context_is_paragraphs(context: object, paragraphs: tuple[str, ...]) -> None:
    fields = {"question": "Pumps?", "options": {"A": "yes", "B": "no"}, "context": context}
    assert to_question(fields).context == paragraphs
