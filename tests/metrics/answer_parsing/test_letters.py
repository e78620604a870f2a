"""Letters in the forms that models write."""

from collections.abc import Callable

import pytest

from openmedlm.metrics.answer_parsing import ParsedAnswer, parse_answer

Parse = Callable[..., str | None]


BARE = (
    "C", "(C)", "**C**", "C)", "C.", " c ", "[C]", "`C`", "'C'", "Option C", "$C$", "# C", "> C", "- C", "C ✅",
    "✅ C", "Ⓒ", "c", "__C__", "<b>C</b>", "C;", "*C*.", "C?",
)  # fmt: skip


@pytest.mark.parametrize("completion", BARE)
def test_parse_answer_bare_letter(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize("option", "ABCD")
def test_parse_answer_treats_all_letters_alike(letter: Parse, option: str) -> None:
    for shape in ("{}", "({})", "Answer: {}", "The answer is {}.", '{{"answer": "{}"}}', "{}\n\nBecause.", "So, {}."):
        assert letter(shape.format(option)) == option


@pytest.mark.parametrize(
    "completion",
    [
        '{"answer": "C"}',
        '```json\n{"step_by_step_thinking": "B is wrong", "answer_choice": "C"}\n```',
        '{"answer_choice": "C. Warfarin"}',
        '{"answer_choice": "Option C"}',
        "{'answer': 'C'}",
        '{"answer": ["C"]}',
        '{"answer": {"letter": "C"}}',
        '{"answer_choice": C}',
        '{"answer": "c"}',
        '{"answer_choice": "C',
        '{"step_by_step_thinking": "… so it is warfarin.\\n\\nanswer_choice": "C"}}',
        '{"reasoning": "The answer is B at first sight", "answer": "C"}',
        '{"answer": "C", "explanation": "The correct answer is D in other cases, and not B."}',
        '{"answer": "warfarin"}',
        '{"answer": "B"}\nOn reflection, the final answer is C.',
    ],
)
def test_parse_answer_valid_or_broken_json(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize(
    "completion",
    [
        r"Final answer: \boxed{C}",
        r"\boxed{\text{C}}",
        r"$\boxed{\textbf{(C)}}$",
        r"\[ \boxed{C. Warfarin} \]",
        r"So \(\boxed{C}\).",
        r"the answer is $\mathbf{C}$.",
        r"\boxed{\mathrm{Warfarin}}",
        r"The final answer is $\boxed{C}$. I hope it is correct.",
        r"\boxed{C",
        r"**Final Answer**" + "\n\n" + r"\[ \boxed{\text{C}} \]",
    ],
)
def test_parse_answer_latex(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize(
    "completion",
    [
        "The answer is (C).",
        "the answer is C",
        "The correct answer is: C",
        'The answer is "C".',
        "The answer is ‘C’.",
        "**Answer:** C",
        "**Answer: C**",
        "Answer:C",
        "Answer：C",
        "Answer - C",
        "Answer C",
        "Answer: (C",
        "answer: c",
        "ANSWER: C. Warfarin",
        "Answer: C\nIt is oral.",
        "Answer: C\nA is wrong.",
        "Answer: **(C)** Warfarin",
        "Answer: Option C - Warfarin",
        "Ans: C",
        "### Answer\nC",
        "### Final Answer\n\n**C. Warfarin**",
        "The correct answer is\n\nC",
        "The answer to the question of what to give in this case, A to D, is:\n\n**C** (warfarin).",
        "The answer is most likely C",
        "The answer must be C because B is unsafe.",
        "The answer is C, not B.",
        "The answer is C, and B is wrong.",
        "The best choice is C",
        "Hence the correct choice: C",
        "The correct option is C) Warfarin",
        "The most suitable option for anticoagulation in this patient is:\n\nC) Warfarin\n\nIt is oral.",
        "I would choose C.",
        "I'd go with option C",
        "I'd say C",
        "Choose C.",
        "My answer is C",
        "Conclusion: C. Warfarin",
        "Therefore, C is the correct answer.",
        "Therefore option (C) is the best choice.",
        "Option C, warfarin, is the correct answer. It is oral.",
        "Therefore, option C is the most likely diagnosis.",
        "Option A is wrong. Option B is wrong. Option C is correct. Option D is wrong.",
        "I think C is right.",
        "It's C.",
        "Therefore, C.",
        "Options A and B are wrong, so C.",
        "The diagnosis is clear and the treatment should be C.",
        "<answer>C</answer>",
        "<answer>\nC. Warfarin\n</answer>",
        "[[ ## reasoning ## ]]\nThe answer is B, or not.\n\n[[ ## answer ## ]]\nC\n\n[[ ## completed ## ]]",
        "A) Aspirin: no.\nB) Heparin: no.\n\nThe most likely cause is C) Warfarin, as it is oral.",
        "Therefore, the best step is to give an oral anticoagulant (C).",
        "C - Warfarin",
        "C Warfarin",
        "C, because it is oral.",
        "Most likely C.",
        "### Answer\nC\n\nIt is oral.",
        "Conclusion: C\nIt is oral.",
        "The best choice is C in this patient.",
        "What is the most suitable here is:\n\nC - the oral one.\n\nIt is given daily.",
        "First, how it is given.\nBy mouth.\n\nC",
        "First, how it is given.\nBy mouth.\n\nC. Warfarin",
    ],
)
def test_parse_answer_answer_cue(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize(
    "completion",
    [
        "I first thought of B. The answer is B. On reflection, the final answer is C.",
        "Answer: A\nAnswer: C",
        "The answer is A. No, wait, C.",
        "Why is the answer B? It is not. The answer is C.",
        "Neither A nor B is right; the answer is C.",
        "The answer is not B but C.",
        "The correct answer is not A, B, or D. It is C.",
        "The answer is B … no. So the answer is C. However, D could also be considered.",
    ],
)
def test_parse_answer_later_cue_wins(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


@pytest.mark.parametrize(
    "completion",
    [
        "C\n\nQuestion: Which drug?\nA. x\nB. y\nAnswer: D",
        "C\n\nA 45-year-old man has a fever. Answer: D",
        "C. Warfarin\n\nQuestion: Which drug?\nAnswer: B",
        "The answer is C.\n\nQuestion: Which one?\nThe answer is B.",
        "C</s>B",
        "C<|im_end|>\n<|im_start|>user\nAnswer: D",
        "C\nC\nC\nC",
    ],
)
def test_parse_answer_ignores_text_after_the_answer(letter: Parse, completion: str) -> None:
    assert letter(completion) == "C"


def test_parse_answer_ignores_answer_to_made_up_question(letter: Parse) -> None:
    assert letter("I am not sure.\n\nQuestion: Which drug is oral?\nAnswer: D") is None
    restated = "Let us restate it.\nQuestion: Which one, aspirin or heparin?\nAnswer: B"
    assert letter(restated) == "B"


@pytest.mark.parametrize("completion", ["E", "Answer: E", "The answer is (E).", '{"answer": "E"}', r"\boxed{E}"])
def test_parse_answer_letter_outside_options_is_no_answer(letter: Parse, completion: str) -> None:
    assert letter(completion) is None
    assert parse_answer(completion).letter == "E"
    assert parse_answer(completion, letters="DEF").letter == "E"


def test_parse_answer_names_the_rule() -> None:
    assert parse_answer('{"answer": "C"}') == ParsedAnswer("C", "json field")
    assert parse_answer("C") == ParsedAnswer("C", "lone letter")
    assert parse_answer(r"\boxed{C}") == ParsedAnswer("C", "boxed")
    assert parse_answer("hm") == ParsedAnswer(None, "unreadable")
