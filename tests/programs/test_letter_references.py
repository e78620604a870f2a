import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data import Question
from openmedlm.programs.letter_references import letter_references
from openmedlm.programs.option_order import relabel

OPTIONS = {"A": "Vitamin A", "B": "Renin", "C": "Protein C", "D": "Escherichia coli"}


def question(options: Mapping[str, str] = OPTIONS, stem: str = "What lets hepatitis B cells grow?") -> Question:
    return Question("q", "invented", "pool", stem, options, next(iter(options)))


def marked(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the text without its marks, and the offsets of the marked letters, such as `[B]`."""
    plain, offsets = "", []
    for before in text.split("["):
        if "]" in before:
            offsets.append(len(plain))
            before = before.replace("]", "", 1)
        plain += before
    return plain, tuple(offsets)


@pytest.mark.parametrize(
    "text",
    [
        "It is option [B].",
        "Option [B] is right, and options [A] and [C] are not.",
        "OPTION [B] IS RIGHT",
        "We can eliminate options [A], [C], and [D].",
        "None of the options provided ([A], [B], [C], [D]) is right.",
        "Options ([A]) and ([C]) are wrong, as are options **[B]** and **[D]**.",
        "Choice ([B]) says so; choice [D] does not.",
        "Option '[C]' is another matter, and option [D]'s place is known.",
        "Statement [B] is true.",
        "[A]. Vitamin A: stored in the liver.\n[B]. Renin: an enzyme.\n\n**[C].** Protein C is not.",
        "- [D]) Escherichia coli",
        "1. **[A]. Vitamin A**: no.\n2. **[B]. Renin**: yes.",
        "[A]. Vitamin A: no. [B]. Renin: yes. [D] (Escherichia coli) does not.",
        "[A]. Incorrect, it is stored.\n[B]. Correct.\n[C]. This one is not.",
        "[B]. Rennin, as it is misspelt here.\n[D]. Some other words.",
        "The correct answer is [B]. Renin is made in the kidney.",
        "So the answer is **[B]**.",
        "The answer is [B] because it is an enzyme.",
        "The option that is made in the kidney is [B].",
        '"answer_choice": "[B]"',
        "It is \\boxed{[B]}.",
        "Therefore, the answer is:\n\n[B]",
        "Answer-[B]. It is an enzyme.",
        "Ans: [B]. It is an enzyme.",
        "Ans. is '[B]' i.e. Renin",
        "[A] is incorrect because it is a vitamin. Hence [B] is right, and both [C] and [D] are wrong.",
        "Neither [A] nor [C] is correct, which rules out ([D]).",
        "Renin ([B]) is an enzyme.",
        "1. Vitamin A: no\n2. Renin: yes\nThe answer is [B].",
        "Let's look at the options one by one.\n1. It is no vitamin.",
    ],
)
def test_references_are_exactly_the_marked_letters(text: str) -> None:
    plain, offsets = marked(text)
    assert letter_references(plain, question()) == offsets


@pytest.mark.parametrize(
    "text",
    [
        "A 45-year-old man is bled. A patient may bleed.\nA low pressure does it.",
        "There is no other choice. A patient bleeds. A serious one.",
        "Vitamin A and hepatitis B have no part; group A streptococcus and E. coli neither, nor do B cells.",
        "Vitamins A, D and E are stored.",
        "Anti-D; C-peptide; type C; B-cell growth; apo B-100; Co-A and non-A hepatitis are names.",
        "M/C cause; C/I in asthma; A/G ratio; N/A",
        "T.B. and S.C. are short, and it is 37 °C or 38.5°C.",
        "It is caused by C. difficile and B.cereus.",
        "Uracil (U) stands for T, and both U and T are bases.",
        "B12 and A1c are no letters.",
        "The pressure falls, the kidney answers, and volume is kept.",
    ],
)
def test_articles_names_and_abbreviations_are_no_references(text: str) -> None:
    assert letter_references(text, question()) == ()


@pytest.mark.parametrize(
    "text",
    [
        "The first option is right.",
        "The First Option is right.",
        "The last two options are wrong.",
        "The third and fourth choices are wrong.",
        "The first of the options",
        "I pick the first.",
        "The first two are wrong.",
        "It is the former option.",
        "The next option is wrong.",
        "The first is wrong; the second is right.",
        "It is the former.",
        "The final option is right.",
        "The top option is right.",
        "It is the one above.",
        "It is #2.",
        "2) is right.",
        "It is option 2.",
        "Option #2",
        "Option (ii) is right.",
        "Option two is right.",
        "Answer: 2",
    ],
)
def test_options_named_by_position_are_unsure(text: str) -> None:
    assert letter_references(text, question()) is None


@pytest.mark.parametrize(
    "text",
    [
        "It is option b.",
        "Option b is right.",
        "Ans. a. Vitamin A",
        "Ans b",
        "We choose b",
        "Answer: (b)",
        "(a) is wrong.",
        "'c' is right.",
        "**b**",
        "Therefore, b.",
        "a. Vitamin A\nb. Renin",
        "a is false; b, c and d are true.",
    ],
)
def test_options_named_by_small_letters_are_unsure(text: str) -> None:
    assert letter_references(text, question()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Option F is right.",
        "E is wrong.",
        "ABC are wrong.",
        "Options A, B, C, D and E are wrong.",
        "Answer: AB",
        "OptionB is right.",
        "Ans. BRenin is an enzyme.",
        "Options A-C are wrong.",
        "Options A through C are wrong.",
        "Ｂ is right.",
        "𝐁 is right.",
        "What B does is unclear.",
        "Drug A lowers it.",
        "It is a hormone, see A.",
        "The antigens (A, B and C) are found on cells.",
        "The answer is D. coli are everywhere.",
        "The answer is A patient one.",
        "Answer: A stone in the duct",
        "A causes bleeding.",
        "The answer is B cells.",
        "The lacking vitamin is C.",
        "This is vitamin A, B is incorrect.",
        "A pairs with T, and C is paired with G.",
        "A: airway\nB: breathing\nC: circulation\nD: disability",
        "C. difficile is treated otherwise.",
        "C. Difficile is treated otherwise.",
        "A. K. Jain wrote it.",
        "The answer is B. Vitamin A",
        "Option B (Escherichia coli) grows.",
        "Region A: fat",
        "Option B, A test of the kidney, is right.",
        "Option D, E. coli, is right.",
        "Renin, A, A",
        "Not C, M/C cause",
    ],
)
def test_ambiguous_text_is_unsure(text: str) -> None:
    assert letter_references(text, question()) is None


def test_phrase_of_the_question_is_a_name() -> None:
    asked = question({"A": "Aspirin", "B": "Iron"}, "A man takes drug B with device A. What does he take?")
    assert letter_references("He takes drug B; device A is of no use.", asked) == ()
    assert letter_references("B has no use.", asked) is None
    assert letter_references("Option B.", asked) == (7,)


def test_question_with_its_own_lettering_is_unsure() -> None:
    asked = question({"A": "Both hold", "B": "None holds"}, "Statement A: it grows. Statement B: it stops.")
    assert letter_references("Statement A is true.", asked) is None


def test_list_of_labels_needs_an_option_text() -> None:
    hepatitis = question({"A": "Hepatitis A", "B": "Hepatitis C", "C": "Hepatitis D"})
    assert letter_references("The answer is C.", hepatitis) is None
    assert letter_references("C is incorrect.", hepatitis) is None
    assert letter_references("The answer is B. Hepatitis C", hepatitis) == (14,)


def test_option_text_starting_with_its_letter_is_no_label() -> None:
    grown = question({"A": "A single coccus", "B": "Yeast", "C": "C difficile", "D": "D-xylose"})
    assert letter_references("Option A: A single coccus", grown) == (7,)
    assert letter_references("Answer: A single coccus", grown) == ()
    assert letter_references("C. C difficile: it grows.", grown) == (0,)
    assert letter_references("The answer is C. difficile.", grown) is None
    assert letter_references("The answer is D-xylose.", grown) is None


def test_short_option_text_in_a_sentence_is_no_proof() -> None:
    asked = question({"A": "yes", "B": "no", "C": "maybe"})
    assert letter_references("There was a difference in arm B. No harm was done.", asked) is None
    assert letter_references("The answer is B) no.", asked) == (14,)


def test_pronoun_i_is_not_the_ninth_option() -> None:
    asked = question({letter: f"Bone {n}" for n, letter in enumerate("ABCDEFGHIJ")})
    assert letter_references("I think that option B is right. I'm sure.", asked) == (20,)
    assert letter_references("So I would say.", asked) is None


def test_more_than_ten_options_are_unsure() -> None:
    assert letter_references("Option A.", question({letter: f"Bone {letter}" for letter in "ABCDEFGHIJK"})) is None


SENTENCES = st.sampled_from(
    [
        "Options {A} and {C} are wrong.",
        "{B}. Renin: it fits.\n{D}. Escherichia coli: it does not.\n",
        "The correct answer is {B}.",
        "{C} is incorrect, since vitamin A is no protein.",
        "Renin ({B}) is made in the kidney.",
        "A patient with hepatitis B has B cells and a temperature of 38 °C.",
        "1. **{A}**: This is wrong.\n",
        "We eliminate {A}, {C} and {D}.",
    ]
)


@given(st.lists(SENTENCES, min_size=1), st.permutations("ABCD"))
def test_relabelled_text_keeps_its_reference_offsets(sentences: list[str], order: list[str]) -> None:
    text = "\n".join(sentences).format(**{letter: letter for letter in "ABCD"})
    found = letter_references(text, question())
    assert found is not None
    mapping = dict(zip("ABCD", order, strict=True))
    shown = {mapping[letter]: option for letter, option in OPTIONS.items()}
    options = {letter: shown[letter] for letter in "ABCD"}
    again = relabel(text, found, mapping)
    assert letter_references(again, question(options)) == found
    assert again == "\n".join(sentences).format(**mapping)


@given(
    st.lists(
        st.sampled_from(["renin", "is made", "in a kidney", "(mostly)", "of the man;", "E", "4.5 mg", "b12", "\n"])
    )
)
def test_text_without_letters_has_no_references(words: list[str]) -> None:
    assert letter_references(" ".join(words), question()) == ()


@pytest.mark.parametrize(
    "runaway",
    ["A, " * 5000, "Option A is " * 3000, "vitamin " * 5000, "\n" * 20000 + "A", "answer " * 5000, "B" * 20000],
)
def test_references_of_a_runaway_text_are_fast(runaway: str) -> None:
    started = time.process_time()
    letter_references(runaway, question())
    assert time.process_time() - started < 2
