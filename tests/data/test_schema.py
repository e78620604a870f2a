from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.question import Question
from openmedlm.data.schema import letters, question_from_record, to_record
from openmedlm.utils.errors import UserError

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)


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
def test_a_question_survives_the_way_to_its_record_and_back(question: Question) -> None:
    assert question_from_record(to_record(question), "FILE:1") == question


def test_the_place_of_a_file_overrides_benchmark_and_split(make_record: Any) -> None:
    question = question_from_record(make_record(benchmark="other", split="train"), "FILE:1", "medqa", "pool")
    assert (question.benchmark, question.split) == ("medqa", "pool")


def test_options_as_a_list_are_lettered_in_order(make_record: Any) -> None:
    question = question_from_record(make_record(options=["Lung", "Skin"], answer="B"), "FILE:1")
    assert list(question.options.items()) == [("A", "Lung"), ("B", "Skin")]


def test_one_context_text_is_one_paragraph_and_a_blank_one_is_none(make_record: Any) -> None:
    assert question_from_record(make_record(context="An abstract."), "FILE:1").context == ("An abstract.",)
    assert question_from_record(make_record(context=" "), "FILE:1").context == ()


def test_white_space_inside_texts_is_kept(make_record: Any) -> None:
    assert question_from_record(make_record(question="  Which?\nOf these "), "FILE:1").question == "  Which?\nOf these "


TWENTY_SEVEN = [f"option {n}" for n in range(27)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"answer": "E"},
            'x.jsonl:7: the answer "E" is not among the options A, B, C; correct the answer or add the option',
        ),
        (
            {"answer": "b"},
            'x.jsonl:7: the answer "b" is not among the options A, B, C; correct the answer or add the option',
        ),
        ({"answer": None}, 'x.jsonl:7: "answer" is missing; add it'),
        ({"answer": 1}, 'x.jsonl:7: "answer" is a number; write it as a text in quotes'),
        ({"id": None}, 'x.jsonl:7: "id" is missing; add it'),
        ({"id": 12}, 'x.jsonl:7: "id" is a number; write it as a text in quotes'),
        ({"id": " "}, 'x.jsonl:7: "id" is empty; fill it in'),
        ({"question": ""}, 'x.jsonl:7: "question" is empty; fill it in'),
        ({"question": "half \ud83d"}, 'x.jsonl:7: "question" holds half of a surrogate pair'),
        ({"subject": 3}, 'x.jsonl:7: "subject" is a number; write it as a text in quotes'),
        ({"explanation": ["why"]}, 'x.jsonl:7: "explanation" is a list; write it as a text in quotes'),
        ({"context": 5}, 'x.jsonl:7: "context" is a number; write null, a text or a list of texts'),
        ({"context": ["one", ""]}, 'x.jsonl:7: "context" paragraph 2 is empty; fill it in'),
        ({"options": None}, 'x.jsonl:7: "options" is missing; add it'),
        ({"options": "A) yes"}, 'x.jsonl:7: "options" is a text; write {"A": …, "B": …} or a list of texts'),
        ({"options": {"A": "Lung"}}, "x.jsonl:7: 1 options; a question has 2 to 26"),
        ({"options": TWENTY_SEVEN}, "x.jsonl:7: 27 options; at most 26 can be lettered"),
        (
            {"options": {"A": "Lung", "C": "Skin"}},
            "x.jsonl:7: the options are lettered A, C; letter them A, B, in this order",
        ),
        (
            {"options": {"B": "Lung", "A": "Skin"}},
            "x.jsonl:7: the options are lettered B, A; letter them A, B, in this order",
        ),
        (
            {"options": {"a": "Lung", "b": "Skin"}},
            "x.jsonl:7: the options are lettered a, b; letter them A, B, in this order",
        ),
        ({"options": {"A": "Lung", "B": " "}}, "x.jsonl:7: option B is empty; fill it in"),
        ({"options": {"A": "Lung", "B": 2.5}}, "x.jsonl:7: option B is a number; write it as a text in quotes"),
        ({"options": ["Lung", None]}, "x.jsonl:7: option B is null; write it as a text in quotes"),
    ],
)
def test_a_wrong_record_is_one_line_with_the_place_and_the_mend(
    make_record: Any, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        question_from_record(make_record(**fields), "x.jsonl:7")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_answer_idx_does_not_stand_in_for_answer(make_record: Any) -> None:
    record = make_record(answer_idx="A")
    del record["answer"]
    with pytest.raises(UserError, match='"answer" is missing'):
        question_from_record(record, "FILE:1")


@pytest.mark.parametrize("record", [None, [], "text", 3, True])
def test_anything_but_an_object_is_refused(record: object) -> None:
    with pytest.raises(UserError, match="FILE:1: a question is a JSON object"):
        question_from_record(record, "FILE:1")
