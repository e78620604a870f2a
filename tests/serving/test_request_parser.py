"""Prompts of other evaluation systems and of DSPy: the stem is whole, byte for byte."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import UserError
from openmedlm.serving.request_parser import parse_question, parse_request

STEMS = {
    "one line": "Which vitamin deficiency causes scurvy?",
    "line breaks": "A 54-year-old man has a cough.\nHe smokes.\nWhich test comes next?",
    "blank lines": "A man has a cough.\n\n\nHe smokes.\n\nWhich test comes next?",
    "lab table": "Her values are:\n\n| test | value |\n|---|---|\n| Na | 131 |\nHb:\t9.1\nCRP : 12\n\nWhich is low?",
    "numbered list": "Which are true?\n1. Iron is absorbed in the duodenum.\n2. Zinc is not.\n3) Both are metals.",
    "bulleted list": "Findings:\n- fever\n- rash\n* arthralgia\n\nWhich disease fits?",
    "line that starts like an option": "The donor has\nA. Rh-positive blood.\nWhich donor fits?",
    "line that ends with a letter": "The patient has blood group A.\nWhich donor fits?",
    "statements": "Consider the statements.\nA. Iron is a metal.\nB. Zinc is a metal.\nWhich are true?",
    "lower-case statements": "Consider the statements.\na. Iron is a metal.\nb. Zinc is a metal.\nWhich are true?",
    "answer in the text": "The answer is a matter of dose.\nThe correct answer: B cells divide.\nWhich cells divide?",
    "single letters": "A: 12 mmol/L\nG: 4 mmol/L\nWhich value is high?",
    "other line ends": "Line one\x0bpage\x0cLine\u2028two\x85three\r\nWhich?",
    "indented": "Report:\n    Lungs clear.\n\tHeart normal.\nWhich?",
    "quotes and braces": 'He says "{fever}" and [chills] (both).\n<b>Which?</b>',
}

HARNESSES = {
    "inspect_ai": (
        "Answer the following multiple choice question. The entire content of your response should be of the following "
        "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C.\n\n{stem}\n\n{A)}"
    ),
    "inspect_ai chain of thought": (
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of A,B,C. Think step by step before answering."
        "\n\n{stem}\n\n{A)}"
    ),
    "inspect_ai several answers": (
        "Answer the following multiple choice question where multiple answers may be correct. The entire content of "
        "your response should be of the following format: 'ANSWER: $LETTERS' (without quotes) where LETTERS is one or "
        "more of A,B,C.\n\n{stem}\n\n{A)}"
    ),
    "inspect_ai several answers, chain of thought": (
        "Answer the following multiple choice question where multiple answers may be correct. The last line of your "
        "response should be of the following format: 'ANSWER: $LETTERS' (without quotes) where LETTERS is one or more "
        "of A,B,C. Think step by step before answering.\n\n{stem}\n\n{A)}"
    ),
    "inspect_evals": (
        "Answer the following multiple choice question about medicine given the context.\n"
        "The last line of your response should be of the form ANSWER: $LETTER\n(without quotes) where LETTER is one of "
        "A,B,C.\n\n{stem}\n\n{A)}"
    ),
    "evalscope": (
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'ANSWER: [LETTER]' (without quotes) where [LETTER] is one of A,B,C. Think step by step before "
        "answering.\n\nQuestion:\n{stem}\nOptions:\n{A)}"
    ),
    "simple-evals": (
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering."
        "\n\n{stem}\n\n{A)}"
    ),
    "lighteval MMLU-Pro": (
        "Answer the following multiple choice question. The last line of your response should be of the following "
        "format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step before answering."
        "\n\n{stem}\n\n{A:}\n\nAnswer:"
    ),
    "lighteval MMLU": (
        "The following are multiple choice questions (with answers) about college medicine.\n\n"
        "Question: {stem}\n{A.}\nAnswer:"
    ),
    "lighteval MedQA": "Give a letter answer among A, B, C or D.\nQuestion: {stem}\n{A.}\nAnswer:",
    "lighteval template": "Question: {stem}\n {A. }\nAnswer:",
    "lm-eval MedQA": "Question: {stem}\n{A.}\nAnswer:",
    "lm-eval MedMCQA": "Question: {stem}\nChoices:\n{A.}\nAnswer:",
    "lm-eval GPQA": "What is the correct answer to this question:{stem}\nChoices:\n{(A)}\nAnswer:",
    "lm-eval MMLU-Pro": "Question:\n{stem}\nOptions:\n{A.}\nAnswer: Let's think step by step.",
    "lm-eval FLAN": "Q: {stem}\n{(A) (B)}\nA: Let's think step by step.",
    "lm-eval Llama": (
        "Given the following question and four candidate answers (A, B, C and D), choose the best answer.\n"
        'Question: {stem}\n{A.}\nYour response should end with "The best answer is [the_answer_letter]" where the '
        "[the_answer_letter] is one of A, B, C or D."
    ),
    "lm-eval Llama chain of thought": (
        "Given the following question and four candidate answers (A, B, C and D), choose the best answer.\n\n"
        "Question: {stem}\n{A.}\n\n- For simple problems:\nDirectly provide the answer with minimal explanation.\n\n"
        "- For complex problems:\nUse this step-by-step format:\n## Step 1: [Concise description]\n\nRegardless of the "
        "approach, always conclude with:\nThe best answer is [the_answer_letter].\nwhere the [the_answer_letter] is "
        "one of A, B, C or D.\n\nLet's think step by step."
    ),
    "HELM MedQA": (
        "The following are multiple choice questions (with answers) about medicine.\n\nQuestion: {stem}\n{A.}\nAnswer:"
    ),
    "MedHELM": (
        "Give a letter answer among A, B, C or D. Do not include any explanation or additional text.\n\n"
        "Question: {stem}\n{A.}\nRespond only with 'A', 'B', 'C' or 'D'. Do not add any other text, punctuation, or "
        "symbols.:"
    ),
    "lower-case letters": "Question: {stem}\n{(a)}\nAnswer:",
    "one line": "Question: {stem}\n{A) B)}",
    "one line after a heading": "Question: {stem}\nOptions: {(A) (B)}",
}

OPTIONS = ["vitamin C", "vitamin D (fat-soluble)", "Blood group A."]

EXAMPLES = {
    "lm-eval MedQA": "Question: First?\nA. x\nB. y\nAnswer: B\n\n",
    "lm-eval FLAN": "Q: First?\n(A) x (B) y\nA: (B)\n\n",
    "HELM MedQA": "Question: First?\nA. x\nB. y\nC. z\nAnswer: C\n\n",
    "lighteval MedQA": "Question: First?\nA. x\nB. y\nAnswer: A\n\n",
}


def layouts(texts: Sequence[str]) -> dict[str, str]:
    """Return the options as each layout writes them."""
    letters = "ABCDEFGH"[: len(texts)]
    lines = {f"{{{mark}}}": mark.replace("A", "{}").replace("a", "{}") for mark in ("A)", "A.", "A:", "(A)", "(a)")}
    written = {
        name: "\n".join(
            f"{pattern.format(letter.lower() if 'a' in name else letter)} {text}"
            for letter, text in zip(letters, texts, strict=True)
        )
        for name, pattern in lines.items()
    }
    return written | {
        "{A. }": "\n ".join(f"{letter}. {text}" for letter, text in zip(letters, texts, strict=True)),
        "{(A) (B)}": " ".join(f"({letter}) {text}" for letter, text in zip(letters, texts, strict=True)),
        "{A) B)}": "  ".join(f"{letter}) {text}" for letter, text in zip(letters, texts, strict=True)),
    }


def write(prompt: str, stem: str, texts: Sequence[str] = OPTIONS) -> str:
    for name, options in layouts(texts).items():
        prompt = prompt.replace(name, options)
    return prompt.replace("{stem}", stem)


@pytest.mark.parametrize("stem", STEMS.values(), ids=STEMS)
@pytest.mark.parametrize("prompt", HARNESSES.values(), ids=HARNESSES)
def test_parser_keeps_the_stem_of_a_harness_whole(prompt: str, stem: str) -> None:
    parsed = parse_question(write(prompt, stem))
    assert (parsed.context, parsed.question) == ((), stem)
    assert list(parsed.options.values()) == OPTIONS


@pytest.mark.parametrize("stem", STEMS.values(), ids=STEMS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_parser_leaves_few_shot_examples_out(name: str, stem: str) -> None:
    prompt = HARNESSES[name]
    start = prompt.index("Question:" if "Question:" in prompt else "Q:")
    parsed = parse_question(prompt[:start] + EXAMPLES[name] * 3 + write(prompt[start:], stem))
    assert (parsed.context, parsed.question) == ((), stem)


@pytest.mark.parametrize("stem", STEMS.values(), ids=STEMS)
def test_parser_keeps_the_passage_as_context(stem: str) -> None:
    parsed = parse_question(f"The trial had 40 patients.\nHalf received iron.\n\nQuestion: {stem}\nA. yes\nB. no")
    assert parsed.context == ("The trial had 40 patients.", "Half received iron.")
    assert parsed.question == stem


@pytest.mark.parametrize("name", ["inspect_ai", "simple-evals", "lighteval MMLU-Pro"])
def test_parser_keeps_labels_inside_the_stem_of_inspect(name: str) -> None:
    stem = "The trial had 40 patients.\n\nQuestion: Did the drug help?\n\nQ1: Why?"
    parsed = parse_question(write(HARNESSES[name], stem))
    assert (parsed.context, parsed.question) == ((), stem)


@pytest.mark.parametrize("count", [2, 3, 5, 8])
@pytest.mark.parametrize("layout", ["{A)}", "{A.}", "{(a)}", "{(A) (B)}", "{A) B)}"])
def test_parser_reads_two_to_eight_options(layout: str, count: int) -> None:
    texts = [f"text {number}" for number in range(count)]
    parsed = parse_question(write("Which?\n" + layout, "", texts))
    assert dict(parsed.options) == dict(zip("ABCDEFGH", texts, strict=False))


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("Which?\nA. w of\nA. baumannii\nB. x", "Which?\nA. w of", ["baumannii", "x"]),
        ("Which?\nA. w\nB. x of\nA. baumannii\nC. y", "Which?", ["w", "x of\nA. baumannii", "y"]),
        ("Which?\nA) w    B) x\nC) y    D) z\nAnswer:", "Which?", ["w", "x", "y", "z"]),
        ("Which? A) w B) x C) y", "Which?", ["w", "x", "y"]),
        (
            "Answer the following multiple choice question. The last line of your response should be 'Answer: $LETTER'."
            "\nWhich?\nA) w\nB) x",
            "Which?",
            ["w", "x"],
        ),
        ("Which of (A) iron and (C) zinc?\n(A) w (B) x", "Which of (A) iron and (C) zinc?", ["w", "x"]),
        ("Which?\nA. all of\na) fever\nb) rash\nB. none", "Which?", ["all of\na) fever\nb) rash", "none"]),
        ("Which?\nA. all of\nA) fever\nB) rash\nB. none", "Which?", ["all of\nA) fever\nB) rash", "none"]),
        ("Which?\nA. both (a) and (b)\nB. neither", "Which?", ["both (a) and (b)", "neither"]),
        ("Which?\r\nA. w\r\nB. x\r\n\r\nAnswer:", "Which?", ["w", "x"]),
        ("Which?\nA. hepatitis B. virus\nB. other", "Which?", ["hepatitis B. virus", "other"]),
        ("Frage: Welches?\nA. w\nB. x\nAntwort:", "Welches?", ["w", "x"]),
        ("问题：哪个？\nA. w\nB. x\n答案：", "哪个？", ["w", "x"]),
        ("어느 것?\nA. v\nB. u\n정답： B\n\n무엇?\nA. w\nB. x\n정답：", "무엇?", ["w", "x"]),
    ],
)
def test_parser_separates_stem_and_options(text: str, stem: str, options: list[str]) -> None:
    parsed = parse_question(text)
    assert (parsed.question, list(parsed.options.values())) == (stem, options)


@pytest.mark.parametrize(
    "text",
    [
        "Which?\n(A) w (B) x (D) y",
        "Which?\nA) w B) x D) y",
        "Statements:\nA. Iron\nB. Zinc\na) only A\nb) only B",
        "Which?\nA. w\nB. x\n\nExplain:\na) why\nb) how",
        "Which?\n(A) w",
        "Which of (A) and (B)?",
    ],
)
def test_parser_refuses_options_that_are_not_certain(text: str) -> None:
    with pytest.raises(UserError):
        parse_question(text)


@given(
    stem=st.lists(st.sampled_from([*STEMS.values(), "A. x", "a) y", "Q: z", "Answer:", ""]), min_size=1).map("\n".join),
    name=st.sampled_from([name for name in HARNESSES if name.startswith("inspect_ai")]),
)
def test_parser_keeps_any_stem_of_inspect_whole(stem: str, name: str) -> None:
    question = f"Case:\n{stem}\nWhich?"
    assert parse_question(write(HARNESSES[name], question)).question == question


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("inspect_ai", "ANSWER: B"),
        ("inspect_ai chain of thought", "So it is.\n\nANSWER: B"),
        ("inspect_ai several answers", "ANSWER: B"),
        ("simple-evals", "So it is.\n\nAnswer: B"),
        ("lighteval MedQA", "So it is.\n\nAnswer: B"),
        ("lm-eval Llama", "So it is.\n\nThe best answer is B"),
        ("lm-eval Llama chain of thought", "So it is.\n\nThe best answer is B"),
        ("lower-case letters", "So it is.\n\nAnswer: (b)"),
        ("lm-eval FLAN", "So it is.\n\nThe answer is (B)."),
        ("lm-eval MMLU-Pro", "So it is.\n\nThe answer is (B)."),
        ("lm-eval GPQA", "So it is.\n\nAnswer: (B)"),
        ("inspect_evals", "So it is.\n\nANSWER: B"),
        ("evalscope", "So it is.\n\nANSWER: B"),
    ],
)
def test_reply_has_the_form_that_the_prompt_asks_for(name: str, reply: str) -> None:
    requested = parse_request(write(HARNESSES[name], "Which?")).reply
    assert requested.write("B", "So it is.", reasoned=True) == reply
