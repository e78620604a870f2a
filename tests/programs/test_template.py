import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.programs import CHAT, PLAIN, Exemplar, Template
from openmedlm.programs.template import fill, join_letters

INSTRUCTIONS = "Answer the question."
QUESTION = Question(
    "q", "invented", "dev", "Which organ pumps blood?", {"A": "Liver", "B": "Heart", "C": "Spleen"}, answer="B"
)
SHOWN = Question("e", "invented", "pool", "Which organ makes bile?", {"A": "Liver", "B": "Lung"}, answer="A")
EXEMPLAR = Exemplar(SHOWN, "Hepatocytes secrete it.", teacher="dataset")

WORDS_OF_THE_TEMPLATE = (
    "{question}",
    "{context}",
    "{options}",
    "{letter}",
    "{rationale}",
    "{cue}",
    "{instructions}",
    "{0}",
    "{question!r:>9}",
    "{{",
    "}",
    "Question: ",
    "\nAnswer: A",
    "\n\n",
)
texts = st.text(max_size=40) | st.lists(st.sampled_from(WORDS_OF_THE_TEMPLATE) | st.text(max_size=8), max_size=6).map(
    "".join
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    letters = string.ascii_uppercase[: draw(st.integers(2, 10))]
    return Question(
        id="q",
        benchmark="invented",
        split="dev",
        question=draw(texts),
        options={letter: draw(texts) for letter in letters},
        answer=draw(st.sampled_from(letters)),
        context=tuple(draw(st.lists(texts, max_size=3))),
    )


def test_direct_chat_prompt_has_exact_text() -> None:
    assert CHAT.render(INSTRUCTIONS, [EXEMPLAR.without_rationale()], QUESTION, reasoning=False) == (
        {
            "role": "system",
            "content": "Answer the question. Reply with the letter of that option only: A, B or C.",
        },
        {"role": "user", "content": "Question: Which organ makes bile?\nA. Liver\nB. Lung"},
        {"role": "assistant", "content": "A"},
        {"role": "user", "content": "Question: Which organ pumps blood?\nA. Liver\nB. Heart\nC. Spleen"},
    )


def test_reasoning_chat_prompt_has_exact_text() -> None:
    assert CHAT.render(INSTRUCTIONS, [EXEMPLAR], QUESTION, reasoning=True) == (
        {
            "role": "system",
            "content": "Answer the question. Think it through step by step, briefly. "
            'Then end with a line "Answer: " and the letter of that option: A, B or C.',
        },
        {"role": "user", "content": "Question: Which organ makes bile?\nA. Liver\nB. Lung"},
        {"role": "assistant", "content": "Hepatocytes secrete it.\n\nAnswer: A"},
        {"role": "user", "content": "Question: Which organ pumps blood?\nA. Liver\nB. Heart\nC. Spleen"},
    )


def test_direct_plain_prompt_ends_before_the_letter() -> None:
    assert PLAIN.render(INSTRUCTIONS, [EXEMPLAR.without_rationale()], QUESTION, reasoning=False) == (
        "Answer the question.\n\n"
        "Question: Which organ makes bile?\nA. Liver\nB. Lung\nAnswer: A\n\n"
        "Question: Which organ pumps blood?\nA. Liver\nB. Heart\nC. Spleen\nAnswer:"
    )


def test_reasoning_plain_prompt_ends_before_the_reasoning() -> None:
    assert PLAIN.render(INSTRUCTIONS, [EXEMPLAR], QUESTION, reasoning=True) == (
        "Answer the question.\n\n"
        "Question: Which organ makes bile?\nA. Liver\nB. Lung\n"
        "Explanation: Let's think step by step. Hepatocytes secrete it.\nAnswer: A\n\n"
        "Question: Which organ pumps blood?\nA. Liver\nB. Heart\nC. Spleen\n"
        "Explanation: Let's think step by step."
    )


def test_exemplars_precede_the_question_in_order() -> None:
    others = [
        Exemplar(Question(str(n), "invented", "pool", f"Stem {n}?", {"A": "yes", "B": "no"}, answer="B"))
        for n in range(4)
    ]
    _, *turns, _ = CHAT.render(INSTRUCTIONS, others, QUESTION, reasoning=False)
    assert [turn["content"] for turn in turns[::2]] == [f"Question: Stem {n}?\nA. yes\nB. no" for n in range(4)]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 4


def test_context_paragraphs_precede_the_stem() -> None:
    asked = Question("q", "invented", "dev", "Does it?", {"A": "yes", "B": "no"}, answer="A", context=("One.", "Two."))
    assert (
        CHAT.render("", [], asked, reasoning=False)[-1]["content"] == "One.\nTwo.\n\nQuestion: Does it?\nA. yes\nB. no"
    )


@pytest.mark.parametrize("template", [CHAT, PLAIN], ids=lambda template: template.name)
def test_missing_context_renders_nothing(template: Template) -> None:
    rendered = template.render("", [], QUESTION, reasoning=False)
    last = rendered if isinstance(rendered, str) else rendered[-1]["content"]
    assert last.lstrip("\n").startswith("Question: Which")
    assert "\n\n\n" not in last


@settings(deadline=None)
@given(asked=questions(), shown=questions(), rationale=texts)
def test_question_text_is_unchanged_in_chat_prompts(asked: Question, shown: Question, rationale: str) -> None:
    def written(question: Question) -> str:
        context = "\n".join(question.context) + "\n\n" if question.context else ""
        options = "\n".join(letter + ". " + text for letter, text in question.options.items())
        return context + "Question: " + question.question + "\n" + options

    head, before, answer, last = CHAT.render(INSTRUCTIONS, [Exemplar(shown, rationale)], asked, reasoning=True)
    assert last["content"] == written(asked)
    assert before["content"] == written(shown)
    assert answer["content"] == rationale + "\n\nAnswer: " + shown.answer
    assert head["content"].endswith(join_letters(asked.options) + ".")


@settings(deadline=None)
@given(asked=questions(), instructions=texts)
def test_question_text_is_unchanged_in_plain_prompts(asked: Question, instructions: str) -> None:
    context = "\n".join(asked.context) + "\n\n" if asked.context else ""
    options = "\n".join(letter + ". " + text for letter, text in asked.options.items())
    assert PLAIN.render(instructions, [], asked, reasoning=False) == (
        instructions + "\n\n" + context + "Question: " + asked.question + "\n" + options + "\nAnswer:"
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.sampled_from("xyz")), max_size=5), texts, texts, texts)
def test_pattern_is_filled_in_one_pass(pieces: list[tuple[str, str]], x: str, y: str, z: str) -> None:
    values = {"x": x, "y": y, "z": z}
    pattern = "".join(literal.replace("{", "{{").replace("}", "}}") + "{" + field + "}" for literal, field in pieces)
    assert fill(pattern, **values) == "".join(literal + values[field] for literal, field in pieces)


def test_pattern_with_an_unknown_field_is_an_error() -> None:
    with pytest.raises(KeyError, match="stem"):
        fill("{stem}", question="x")


@pytest.mark.parametrize(
    ("letters", "phrase"), [("A", "A"), ("AB", "A or B"), ("ABC", "A, B or C"), ("ABCDE", "A, B, C, D or E")]
)
def test_join_letters_makes_a_phrase(letters: str, phrase: str) -> None:
    assert join_letters(letters) == phrase


def test_closed_chat_requests_the_letter() -> None:
    prompt = CHAT.render(INSTRUCTIONS, [], QUESTION, reasoning=True)
    assert CHAT.close(prompt, "It beats, {letters}", "ABC") == (
        *prompt,
        {"role": "assistant", "content": "It beats, {letters}"},
        {"role": "user", "content": "Which option is right? Reply with its letter only: A, B or C."},
    )


def test_closed_plain_prompt_continues_the_completion() -> None:
    prompt = PLAIN.render(INSTRUCTIONS, [], QUESTION, reasoning=True)
    assert PLAIN.close(prompt, " It beats.\n\n", "ABC") == f"{prompt} It beats.\nAnswer:"


def test_plain_template_stops_before_another_question() -> None:
    assert PLAIN.style(reasoning=False).stop == ("\n",)
    assert PLAIN.style(reasoning=True).stop == ("\nQuestion:", "\n\n\n")
