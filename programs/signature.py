"""The signature that every strategy declares."""

import dspy


class MultipleChoiceQA(dspy.Signature):
    """Answer the multiple-choice question from a medical examination. Exactly one option is right."""

    context: list[str] | None = dspy.InputField(desc="paragraphs to read first", default=None)
    question: str = dspy.InputField()
    options: dict[str, str] = dspy.InputField(desc="letter to option text")
    answer: str = dspy.OutputField(desc="the letter of the right option")
