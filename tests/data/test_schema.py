from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.question import Question
from openmedlm.data.schema import letters, question_from_record, to_record
from openmedlm.utils.errors import UserError

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: any(each.isprintable() and not each.isspace() for each in text)
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    options = dict(zip(letters(26), draw(st.lists(texts, min_size=2, max_size=26)), strict=False))
    return Question(
        id=draw(texts),
        benchmark=draw(texts),
        split=draw(texts),
        question=draw(texts),
        options=options,
        answer=draw(st.sampled_from(sorted(options))),
        subject=draw(st.none() | texts),
        context=tuple(draw(st.lists(texts, max_size=3))),
        explanation=draw(st.none() | texts),
    )


@given(questions())
def test_to_record_round_trip(question: Question) -> None:
    assert question_from_record(to_record(question), "FILE:1") == question


def test_question_from_record_arguments_override_fields(make_record: Any) -> None:
    question = question_from_record(make_record(benchmark="other", split="train"), "FILE:1", "medqa", "pool")
    assert (question.benchmark, question.split) == ("medqa", "pool")


def test_question_from_record_list_of_options_gets_letters(make_record: Any) -> None:
    question = question_from_record(make_record(options=["Lung", "Skin"], answer="B"), "FILE:1")
    assert list(question.options.items()) == [("A", "Lung"), ("B", "Skin")]


def test_question_from_record_context_text_is_one_paragraph(make_record: Any) -> None:
    assert question_from_record(make_record(context="An abstract."), "FILE:1").context == ("An abstract.",)
    assert question_from_record(make_record(context=" "), "FILE:1").context == ()


def test_question_from_record_keeps_white_space(make_record: Any) -> None:
    assert question_from_record(make_record(question="  Which?\nOf these "), "FILE:1").question == "  Which?\nOf these "


TWENTY_SEVEN = [f"option {n}" for n in range(27)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"answer": "E"}, 'the answer "E" is not one of the options A, B, C'),
        ({"answer": "b"}, 'the answer "b" is not one of the options A, B, C'),
        ({"answer": None}, '"answer" is missing'),
        ({"answer": 1}, '"answer" must be a text, got a number. Write the letter'),
        ({"answer": 0}, '"answer" must be a text, got a number. Write the letter'),
        ({"answer": ["A"]}, '"answer" must be a text, got a list. Write the letter'),
        ({"answer": "0"}, 'the answer "0" is not one of the options A, B, C'),
        ({"options": ["x", "y", "z"], "answer": "y"}, 'the answer "y" is the text of option B. Write the letter'),
        ({"options": ["x", "y", "x "], "answer": "x"}, 'the answer "x" is the text of options A, C. Write the letter'),
        ({"id": None}, '"id" is missing'),
        ({"id": 12}, '"id" must be a text, got a number'),
        ({"id": " "}, '"id" is empty'),
        ({"question": ""}, '"question" is empty'),
        ({"question": "half \ud83d"}, '"question" contains half of a surrogate pair'),
        ({"subject": 3}, '"subject" must be a text, got a number'),
        ({"explanation": ["why"]}, '"explanation" must be a text, got a list'),
        ({"context": 5}, '"context" must be null, a text or a list of texts, got a number'),
        ({"context": ["one", ""]}, '"context" paragraph 2 is empty'),
        ({"options": None}, '"options" is missing'),
        ({"options": "A) yes"}, '"options" must be an object or a list, got a text'),
        ({"options": {"A": "Lung"}}, "wrong number of options: 1. A question has 2 to 26"),
        ({"options": TWENTY_SEVEN}, "too many options: 27. A question has 2 to 26"),
        ({"options": {"A": "Lung", "C": "Skin"}}, "wrong option letters: A, C. Use A, B"),
        ({"options": {"B": "Lung", "A": "Skin"}}, "wrong option letters: B, A. Use A, B"),
        ({"options": {"a": "Lung", "b": "Skin"}}, "wrong option letters: a, b. Use A, B"),
        ({"options": {"A": "Lung", "B": " "}}, "option B is empty"),
        ({"options": {"A": "Lung", "B": ""}}, "option B is empty"),
        ({"options": {"A": "Lung", "B": "\u200b\xa0\ufeff"}}, "option B is empty"),
        ({"options": {"A": "Lung", "\uff22": "Skin"}}, "wrong option letters: A, \uff22. Use A, B"),
        ({"options": {"A": "Lung", "B ": "Skin"}}, "wrong option letters: A, B . Use A, B"),
        ({"options": {"A": "Lung", "B": 2.5}}, "option B must be a text, got a number"),
        ({"options": ["Lung", None]}, "option B must be a text, got null"),
    ],
)
def test_question_from_record_invalid_field_is_one_line(
    make_record: Any, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        question_from_record(make_record(**fields), "x.jsonl:7")
    assert str(caught.value).startswith(f"x.jsonl:7: {message}")
    assert "\n" not in str(caught.value)


def test_question_from_record_answer_idx_is_not_the_answer(make_record: Any) -> None:
    record = make_record(answer_idx="A")
    del record["answer"]
    with pytest.raises(UserError, match='"answer" is missing'):
        question_from_record(record, "FILE:1")


@pytest.mark.parametrize("record", [None, [], "text", 3, True])
def test_question_from_record_non_object_is_refused(record: object) -> None:
    with pytest.raises(UserError, match=r"FILE:1: .*JSON object"):
        question_from_record(record, "FILE:1")
