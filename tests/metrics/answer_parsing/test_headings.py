"""First lines that head a discussion, or are a first guess."""

from collections.abc import Callable

import pytest

Parse = Callable[..., str | None]
DRUGS = {"A": "Aspirin", "B": "Clopidogrel", "C": "Warfarin", "D": "Apixaban"}


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Option A:\nAspirin only blocks platelets.\n\nSo the answer is D.", "D"),
        ("### Option A\nNo.\n\n### Option D\nYes.\n\n**Final answer: D**", "D"),
        ("A:\nNo.\nB:\nNo.\nC:\nNo.\nD:\nYes.\n\nD", "D"),
        ("A)\nNo.\n\nD)\nYes.\n\nThe correct option is D.", "D"),
        ("(A)\nNot indicated.\n\nThe best choice is D.", "D"),
        ("A?\nNo.\nB?\nNo.\nC?\nNo.\nD?\nYes. The answer is D.", "D"),
        ("Option A analysis\nAspirin only blocks platelets.\n\nOption D analysis\nFits.\n\nAnswer: D", "D"),
        ("Option A analysis:\nNo.\nConclusion: D", "D"),
        ("**Option A**\nNo.\n\n**Option D**\nYes.\n\n\\boxed{D}", "D"),
        ("A\n\nWait, I made an error. The answer is D.", "D"),
        ("B\n\nOn reflection, the answer is D.", "D"),
        ("B.\n\nSorry, that is wrong. Answer: D", "D"),
        ("B\n\nLet me reconsider. The correct answer is D.", "D"),
        ("B\n\nExplanation: anticoagulant needed. Therefore, the correct answer is D.", "D"),
        ("B\n\nThe correct answer is B.", "B"),
        ("B\n\nQuestion: Which drug is oral?\nA. x\nB. y\nAnswer: D", "B"),
        (
            "B\n\nA 60-year-old woman has a clot. Which of these is the best treatment? Answer: D",
            "B",
        ),
        ("B\nB\nB", "B"),
        ("B\n\nBecause clopidogrel is right.", "B"),
        ("B\n\nThe patient needs it.", "B"),
        (
            "B\n\nWhich of the following drugs is best for a clot?\nA. x\nB. y\nThe answer is D.",
            "B",
        ),
        ("B\n</s>D", "B"),
        ("B\n\nUser: next\nD", "B"),
        ("Option A:\nNo.\nOption B:\nNo.", None),
        ("A:\nAspirin.\nB:\nClopidogrel.", None),
        (
            "### A\nNo\n### B\nNo\n### D\nYes.\n\nTherefore, the correct answer is **D) Apixaban**.",
            "D",
        ),
        ("A.\nNo.\n\nB.\nNo.\n\nTherefore D is the correct answer.", "D"),
        ("Option D:\nFits best.", "D"),
        ("Option D\n\nApixaban fits best.", "D"),
        ("D:\nApixaban", "D"),
        ("(D)\n\nIt is oral.", "D"),
        ("[A]\nno\n[D]\nyes\n\nAnswer: [D]", "D"),
        ("1. A\nno\n2. B\nno\n\nThe answer is D.", "D"),
        ("A -\nNo.\nD -\nYes.\nFinal answer: D", "D"),
        ("Choice A:\nno.\nChoice D:\nyes.\nI would choose D.", "D"),
        ("A\nNot enough.\n\nB\nNot enough.\n\nSo, D.", "D"),
        ("A\n\nNo, the answer is D.", "D"),
        ("A? Hmm.\n\nThe answer is D.", "D"),
        ("First guess: A\n\nFinal answer: D", "D"),
        ("A!\n\nHmm, actually D.", "D"),
        ("Answer: A\n\nWait, actually the answer is D.", "D"),
        ("**A**\n\nHowever, the guideline says apixaban. The correct answer is **D**.", "D"),
        ("A\n\nThe answer is D.", "D"),
        ("Answer: B\n\nQuestion: another\nAnswer: D", "B"),
        ("B\n\n### Explanation\nA is wrong. C is wrong. D is wrong.", "B"),
        ("B\n\nOption A is incorrect. Option C is incorrect. Option D is incorrect.", "B"),
        ("B) Clopidogrel\n\nA) is wrong", "B"),
        ("B\n\nWhy the others are wrong:\nA: antiplatelet\nC: INR\nD: cost", "B"),
        ("B\n\nIncorrect options: A, C, D", "B"),
        ("B\nIncorrect: A, C, D", "B"),
        ("B\n\nNot A because it is weak.", "B"),
    ],
)
def test_parse_answer_first_line_and_later_answer(letter: Parse, completion: str, expected: str | None) -> None:
    assert letter(completion, DRUGS) == expected
