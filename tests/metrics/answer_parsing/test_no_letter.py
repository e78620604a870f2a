"""Completions that give no answer, or more than one."""

from collections.abc import Callable

import pytest

from openmedlm.metrics.answer_parsing import parse_answer

Parse = Callable[..., str | None]


@pytest.mark.parametrize(
    "completion",
    [
        "A 45-year-old man presents with chest pain.",
        "A patient with fever.",
        "A is for apple",
        "Answer: A patient with fever needs care.",
        "The answer is A patient-centred approach.",
        "Conclusion: A patient with a clot.",
        "the answer is a",
        "the answer is a blood clot",
        "A",
    ],
)
def test_parse_answer_article_is_no_letter(letter: Parse, completion: str) -> None:
    assert letter(completion) == ("A" if completion == "A" else None)


@pytest.mark.parametrize("completion", ["I think so", "I cannot say.", "The answer is I think unclear", "I"])
def test_parse_answer_pronoun_is_no_letter(letter: Parse, completion: str) -> None:
    nine = {name: f"drug {name}{name}" for name in "ABCDEFGHI"}
    assert letter(completion, nine) == ("I" if completion == "I" else None)


@pytest.mark.parametrize(
    "completion",
    [
        "The answer is A and B.",
        "The answer is A or B",
        "Both A and B",
        "Either B or C",
        "Answer: A, B",
        "Answer: A/B",
        "Answer: B or possibly C",
        "Answer: A. Aspirin and B. Heparin",
        "The correct answers are A and C.",
        '{"answer": ["A", "B"]}',
        '{"answer": "A, B, C, D"}',
        '{"answer": "A" or "B"}',
        "A and C",
        "A, C",
        "A and/or B",
        "The answer is warfarin and heparin.",
        "Option A is correct. Option B is correct. Option C is incorrect.",
        "A. Aspirin\nB. Heparin\nC. Warfarin\nD. Alteplase",
        "A) Aspirin B) Heparin C) Warfarin D) Alteplase",
        "The options are: A) Aspirin, B) Heparin, C) Warfarin",
    ],
)
def test_parse_answer_several_letters_are_unparsed(letter: Parse, completion: str) -> None:
    assert letter(completion) is None


@pytest.mark.parametrize(
    "completion",
    [
        "The answer is not B.",
        "The answer isn't B.",
        "Answer: not B",
        "B is incorrect.",
        "B is not the answer.",
        "B. Heparin is incorrect.",
        "It cannot be B.",
        "I don't think the answer is B.",
        "The answer is neither A nor B.",
        "We can rule out A. We can rule out B.",
        "The answer could be A.",
        "The answer might be B or C.",
        "If the clot were old, the answer would be B.",
        "I wonder whether the answer is B.",
        "Vitamin C is the best choice.",
    ],
)
def test_parse_answer_denied_or_conditional_is_no_answer(letter: Parse, completion: str) -> None:
    assert letter(completion) is None


@pytest.mark.parametrize(
    ("completion", "rule"),
    [
        ("", "unreadable"),
        (" \n ", "unreadable"),
        ("Let's think step by step. The patient needs", "unreadable"),
        ("So the answer is", "unreadable"),
        ('{"reasoning": "B is best", "answer": "', "unreadable"),
        ('{"answer": "1500"}', "unreadable"),
        ('{"answer": null}', "none of them"),
        ('{"answer_choice": "N/A"}', "none of them"),
        ('{"answer_choice": "None of the above"}', "none of them"),
        ('{"answer_choice": "Cannot be determined"}', "none of them"),
        ("The answer is none of the above", "none of them"),
        ("Heparin fails, and so none of the options fits.", "none of them"),
        ("I'm sorry, I can't answer medical questions.", "refusal"),
        ("I cannot see the figure that the question speaks of.", "refusal"),
        ("Answer: A and C", "several"),
        ("Answer: C. Aspirin", "conflict"),
        ("Answer: E", "no such option"),
        ("<think>The answer is B", "truncated"),
    ],
)
def test_parse_answer_rule_is_the_reason_without_letter(completion: str, rule: str) -> None:
    parsed = parse_answer(completion, {"A": "Aspirin", "B": "Heparin", "C": "Warfarin"})
    assert (parsed.letter, parsed.rule) == (None, rule)


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<think>The answer is B.</think>C", "C"),
        ("<think>\nB, surely.\n</think>\n\nThe answer is C.", "C"),
        ("<THINKING>B</THINKING>\nC", "C"),
        ("The answer is B, or so.\n</think>\n\nC", "C"),
        ("<think>B</think><think>D</think>C", "C"),
        ("<think>The answer is B.</think>", None),
        ("<think>The answer is B. But wait", None),
        ("<think>B</think>\n<think>The answer is C", None),
        ("B, or so.</think>C<think>But then", "C"),
        ("C\n<think>The answer is B", "C"),
    ],
)
def test_parse_answer_ignores_thinking_blocks(letter: Parse, completion: str, expected: str | None) -> None:
    assert letter(completion) == expected
