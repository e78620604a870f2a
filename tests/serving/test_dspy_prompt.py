"""Prompts of DSPy's adapters and of our modules: the question that the module was called with."""

from typing import Any, Literal

import dspy
import pytest

from openmedlm.data import UserError
from openmedlm.programs.signature import MultipleChoiceQA
from openmedlm.serving.request_parser import parse_request

STEM = 'A man has fever.\n\nHb | 9.1\nA. Smith writes: "[chills]"\n\nQuestion: Which {drug}?'
OPTIONS = {"A": "Aspirin", "B": "Heparin\nor Warfarin", "C": "Vitamin K («one»)"}


class Lettered(dspy.Signature):
    """Answer the question."""

    question: str = dspy.InputField()
    options: str = dspy.InputField()
    reasoning: str = dspy.OutputField()
    answer: Literal["A", "B", "C"] = dspy.OutputField()


class Whole(dspy.Signature):
    """Answer the question."""

    passages: list[str] = dspy.InputField()
    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


def prompt(adapter: dspy.Adapter, signature: type[dspy.Signature], **inputs: Any) -> str:
    demos = [{**inputs, "question": "Another?", "reasoning": "So.", "answer": "B"}]
    return adapter.format(signature, demos, inputs)[-1]["content"]


ADAPTERS = {"chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter()}


@pytest.mark.parametrize("context", [None, [], ["The trial had 40 patients.", "All were «men»."]])
@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_parser_reads_our_signature_in_dspy_adapters(adapter: dspy.Adapter, context: list[str] | None) -> None:
    text = prompt(adapter, MultipleChoiceQA, question=STEM, options=OPTIONS, context=context)
    question = parse_request(text).question
    assert (question.question, question.options) == (STEM, OPTIONS)
    assert question.context == tuple(context or ())


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@pytest.mark.parametrize(
    "options", ["A. Aspirin\nB. Heparin", "(A) Aspirin (B) Heparin", "a) Aspirin\nb) Heparin", ["Aspirin", "Heparin"]]
)
def test_parser_reads_options_in_a_text_field(adapter: dspy.Adapter, options: Any) -> None:
    question = parse_request(prompt(adapter, Lettered, question=STEM, options=options)).question
    assert (question.question, question.options) == (STEM, {"A": "Aspirin", "B": "Heparin"})


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_parser_reads_options_inside_the_question_field(adapter: dspy.Adapter) -> None:
    stem = "A man has fever.\n\nWhich drug?"
    text = prompt(adapter, Whole, passages=["One.", "Two\nlines."], question=f"{stem}\nA) Aspirin\nB) Heparin")
    question = parse_request(text).question
    assert (question.question, question.options) == (stem, {"A": "Aspirin", "B": "Heparin"})
    assert question.context == ("One.", "Two\nlines.")


def test_parser_keeps_other_fields_as_context() -> None:
    text = '[[ ## history ## ]]\nDiabetes.\n\n[[ ## question ## ]]\nWhich?\n\n[[ ## options ## ]]\n["x", "y"]'
    assert parse_request(text).question.context == ("history: Diabetes.",)


def test_parser_refuses_a_repeated_letter_in_dspy_options() -> None:
    with pytest.raises(UserError, match='"A" occurs twice'):
        parse_request('[[ ## question ## ]]\nWhich?\n\n[[ ## options ## ]]\n{"A": "x", "B": "y", "A": "z"}')


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@pytest.mark.parametrize("signature", [Lettered, MultipleChoiceQA])
def test_reply_is_parsed_by_the_dspy_adapter(adapter: dspy.Adapter, signature: type[dspy.Signature]) -> None:
    reply = parse_request(prompt(adapter, signature, question=STEM, options=OPTIONS)).reply
    fields = adapter.parse(signature, reply.write("B", 'It is "so".\n\nOr so.', reasoned=True))
    assert fields["answer"] == "B"
    assert fields.get("reasoning", 'It is "so".\n\nOr so.') == 'It is "so".\n\nOr so.'
