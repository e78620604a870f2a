"""Rationales of several sentences, in the styles of different models."""

from collections.abc import Callable

import pytest

Parse = Callable[..., str | None]
DRUGS = {"A": "Aspirin", "B": "Clopidogrel", "C": "Warfarin", "D": "Apixaban"}


@pytest.mark.parametrize(
    "completion",
    [
        (
            "I think the answer is B... hmm, wait. Clopidogrel is an antiplatelet. Between C and D, "
            "guidelines prefer DOACs. So it's D."
        ),
        "The answer is B. But she needs an anticoagulant. Therefore, D.",
        "The answer is D. So it is D.",
        "The answer is D, so not C.",
        "The answer is D. The type is C.",
        "The answer is D. It's C-reactive protein.",
        "The answer is D. It is not C.",
        "The answer is D. It doesn't need monitoring.",
        "The answer is D. It isn't metabolised by the kidney alone.",
        "The answer is D. It is not an antiplatelet.",
        "D. It is not a vitamin K antagonist.",
        "D. This is not an antiplatelet drug.",
        "Answer: D\nThis drug does not need monitoring.",
        "Answer: D, which is not an antiplatelet.",
        "D is not an antiplatelet. The answer is D.",
        "The answer is D. It was not studied in valves.",
        "The answer is D. No monitoring is needed.",
        "D. No monitoring is needed.",
        "Answer: D. Not metabolised by CYP2C9.",
        "Answer: D - no monitoring needed",
        "The answer is D: no INR controls.",
        "The answer is D! No doubt.",
        "The answer is D. Actually, all DOACs would do.",
        "The answer is D. But warfarin is also possible.",
        "The answer is D, but C is acceptable.",
        "The answer is D. However, C is acceptable.",
        "The answer is D. That is not to say that C is wrong.",
        "The answer is D. Wait for the INR before starting.",
        "The answer is D. Sorry for the long explanation!",
        "The answer is D if the kidney works.",
        "Answer: D\n\nNote: A is not an anticoagulant, and B is not either.",
        "The correct answer is D. The other options are incorrect.",
        "The correct answer is D. Incorrect options are A, B and C.",
        "Answer: D. Wrong answers: A, B, C.",
        "Richtig: D. Falsch: A, B, C.",
        "Correcta: D. Incorrectas: A, B y C.",
        "The answer is D, since D is not an antiplatelet.",
        "All are antiplatelets except D. Answer: D",
        "D is not a cause, so the answer is D.",
        (
            "Let's go through the options.\n\nA. Aspirin is wrong because it only blocks platelets.\nB. "
            "Clopidogrel is wrong for the same reason.\nC. Warfarin needs INR monitoring.\nD. Apixaban "
            "fits.\n\nConclusion: D"
        ),
        (
            "Let's think step by step. The CHA2DS2-VASc score is 4, so anticoagulation is indicated. "
            "Aspirin (A) is inferior. Clopidogrel (B) is not an anticoagulant. Warfarin (C) is possible "
            "but needs monitoring. Apixaban (D) is preferred by the guideline.\n\nTherefore, the best "
            "answer is D."
        ),
        (
            "A. Aspirin – Incorrect; antiplatelet.\nB. Clopidogrel – Incorrect; antiplatelet.\nC. Warfarin "
            "– Acceptable but second line.\nD. Apixaban – Correct; first line."
        ),
        (
            "**Analysis**\n\n- **A (Aspirin)**: not effective.\n- **B (Clopidogrel)**: not effective.\n- **C "
            "(Warfarin)**: effective, inconvenient.\n- **D (Apixaban)**: effective, convenient.\n\n**Answer: "
            "D**"
        ),
        (
            "Okay so I think it's B... hmm, wait. Clopidogrel isn't an anticoagulant. So B is out. "
            "Between C and D, guidelines prefer DOACs. So it's D."
        ),
        "I was going to say B, but that's an antiplatelet. Final: D",
        (
            "The answer is B.\n\nHmm, let me double-check. Clopidogrel is an antiplatelet, and the question "
            "asks for an anticoagulant. B is therefore incorrect. The answer is D."
        ),
        "While C is a reasonable option, D is the best choice for this patient.",
        "Although many would choose C, the correct answer is D.",
        "Option C is incorrect since she has no valve. Option D is correct.",
        "It's not A, not B, not C - it's D.",
        "It's D, not C.",
        "Definitely D.",
        "Definitely not C. Probably D.",
        "Probably D",
        "Most likely D",
        "I'm fairly sure it's D",
        "I believe the answer is D",
        "I think D",
        "I'd say D.",
        "I guess D",
        "My answer: D. But I could be wrong.",
        "D (but I could be wrong)",
        "The answer is D, I'm not sure though.",
        "Not sure, but D",
        "I'm not certain, but I'd go with D.",
        "Ruling out A, B and C leaves D.",
        "A, B and C can be excluded, so the answer is D.",
        "Since A and B are antiplatelets and C needs monitoring, the answer is D",
        "The patient has type A blood. The answer is D.",
        "The correct answer is (D) Apixaban because (A) Aspirin is not an anticoagulant.",
        (
            "Answer: D\n\nExplanation: A is incorrect because it is an antiplatelet. B is incorrect for the "
            "same reason. C is not first line."
        ),
        "Answer: D\n\nWhy not C? Because INR.",
        "Correct answer: D\nIncorrect answers: A, B, C",
        "Correct answer: D. Incorrect answers: A, B, C.",
        "Incorrect answers: A, B, C. Correct answer: D.",
        "D is correct; C is not.",
        "D, not C",
        "The best answer is not immediately obvious, but it is D.",
        "There is no doubt that the answer is D.",
        "Without a doubt, the answer is D",
        "It can only be D.",
        "This is not a trick question: the answer is D.",
        "No other option fits, so D.",
        "Were it not for her kidney, the answer would be C. So D.",
        "If she had a mechanical valve, the answer would be C. She does not, so the answer is D.",
        "The previous doctor chose C. The answer is D.",
        "The nurse suggested C, but the answer is D.",
        "Students often choose C; the correct answer is D.",
        "The trap here is C. The answer is D.",
        "C is tempting. However, the correct answer is D.",
        "The user claims the answer is C, but it is D.",
        "You suggested B; the right answer is D.",
        "Not C. The answer is D.",
        "\\boxed{D} is my final answer",
        "The final answer is: $\\boxed{D}$, not $\\boxed{C}$.",
        "First I got \\boxed{C}, but correcting the error gives \\boxed{D}.",
        "A: Aspirin\nB: Clopidogrel\nC: Warfarin\nD: Apixaban\n\nAnswer: D",
        '{"reasoning": "B is wrong because it is an antiplatelet", "answer": "D"}',
        '{"answer": "D", "why_not_B": "B is wrong"}',
        "<reasoning>B is wrong</reasoning><answer>D</answer>",
        "Answer: B\nAnswer: D",
        "Draft answer: B\nFinal answer: D",
        "Initial answer: B\nFinal answer: D",
        "Initial answer: B\nRevised answer: D",
        "Tentative answer: B. After checking, the answer is D.",
        "Let me verify: is B right? B would need a stent. No stent. So D.",
        "B seems right at first glance, but on closer look D is correct.",
        "So the answer is B? No wait, she has no stent, so the answer is D.",
        "The correct answer is D: apixaban. B would be correct if she had a stent.",
        "D. B would be right only after stenting.",
        "Answer: D (B would be wrong)",
        "Of the four options, only D is correct.",
        "Therefore, D",
        "Therefore D is the answer",
        "Hence the answer is option D, apixaban.",
        "The most appropriate drug is D. Apixaban",
        "The most appropriate option is D. Apixaban.",
        "Therefore, the most appropriate treatment is apixaban (option D).",
        "The treatment of choice is apixaban.",
        "Group B streptococcus is unlikely. Answer: D",
        "She is blood group B. Therefore D.",
        "The class is C, so the answer is D.",
        "NYHA class: C. Answer: D",
        "stage: C\nAnswer: D",
        "Answer: D\nstage: C",
        "Final answer: D\n\nChild-Pugh class: C",
        "D\n\nChild-Pugh class: C",
        "B\n\nWait. That's an antiplatelet. The correct answer is D.",
        "B\n\nExplanation: clopidogrel. But the patient needs an anticoagulant, so the answer is D.",
        (
            "Option A: Aspirin is an antiplatelet.\nOption B: Clopidogrel is an antiplatelet.\nOption C: "
            "Warfarin needs INR.\nOption D: Apixaban is right.\nSo, D."
        ),
        "Option A: wrong.\nOption B: wrong.\nOption C: wrong.\nOption D: correct.",
        "A: ✗\nB: ✗\nC: ✗\nD: ✓",
        "A ❌\nB ❌\nC ❌\nD ✅",
        "A) Aspirin ❌\nB) Clopidogrel ❌\nC) Warfarin ❌\nD) Apixaban ✅\n\nAnswer: D",
        "1. Aspirin: no\n2. Clopidogrel: no\n\nAnswer: D) Apixaban",
        "Step 1: B is wrong.\nStep 2: D is right.\nFinal Answer: D",
        "D.\n\nA. Aspirin is incorrect.\nB. Clopidogrel is incorrect.\nC. Warfarin is incorrect.",
        "D. Apixaban.\nA is incorrect.",
        "(A) is incorrect. (B) is incorrect. (C) is incorrect. (D) is correct.",
        "The answer is D (right).",
        'The answer is "D", not "B".',
        "The answer isn’t “B”; it’s “D”.",
        "The answer is B—no, D.",
        "The answer is B, or rather D.",
        "The answer is B, I mean D.",
        "The answer is B; correction, D.",
        "EDIT: the answer is D, not B.",
    ],
)
def test_parse_answer_rationale_with_an_answer(letter: Parse, completion: str) -> None:
    assert letter(completion, DRUGS) == "D"
