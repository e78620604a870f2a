import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.option_texts import find_own_letters, find_repeated_options, strip_own_letters
from openmedlm.data.question import Question


def question(*texts: str, answer: str = "A") -> Question:
    options = dict(zip(string.ascii_uppercase, texts, strict=False))
    return Question("q1", "mine", "dev", "Which drug?", options, answer)


@pytest.mark.parametrize(
    ("texts", "letters", "kind"),
    [
        (("Aspirin", "Heparin", "Aspirin"), ("A", "C"), "exact"),
        (("Heparin", "Aspirin", "Aspirin", "Aspirin"), ("B", "C", "D"), "exact"),
        (("Aspirin", "aspirin"), ("A", "B"), "near"),
        (("Aspirin", "Aspirin."), ("A", "B"), "near"),
        (("Vitamin K", " Vitamin\xa0 K\n"), ("A", "B"), "near"),
        (("Ménière", "Me\u0301nie\u0300re"), ("A", "B"), "near"),
        (("Aspirin", "Ａｓｐｉｒｉｎ"), ("A", "B"), "near"),
        (("Aspirin", "Aspi\u00adrin\u200b"), ("A", "B"), "near"),
        (("\ufb01brin", "fibrin"), ("A", "B"), "near"),
    ],
)
def test_repeated_options_are_found(texts: tuple[str, ...], letters: tuple[str, ...], kind: str) -> None:
    (found,) = find_repeated_options([question("Other"), question(*texts)])
    assert (found.letters, found.kind, found.gold) == (letters, kind, "A" in letters)


@pytest.mark.parametrize(
    "texts", [("10⁵", "105"), ("+", "-"), (".", "。"), ("1.5", "15"), ("Na", "N a"), ("≥ 5", "> 5"), ("H₂O", "H2O")]
)
def test_different_options_are_not_repeated(texts: tuple[str, ...]) -> None:
    assert find_repeated_options([question(*texts)]) == []


def test_two_pairs_of_repeated_options_are_both_found() -> None:
    found = find_repeated_options([question("x", "y", "X", "y", answer="B")])
    assert [(each.letters, each.gold) for each in found] == [(("A", "C"), False), (("B", "D"), True)]


@pytest.mark.parametrize(
    "pattern", ["{}. {text}", "{}) {text}", "({}) {text}", "{}: {text}", "[{}] {text}", "{} - {text}"]
)
@pytest.mark.parametrize("alphabet", [string.ascii_uppercase, string.ascii_lowercase])
@pytest.mark.parametrize("order", ["ABCD", "BADC", "BCDE", "AB"])
def test_own_letters_are_found(pattern: str, alphabet: str, order: str) -> None:
    letters = [alphabet[string.ascii_uppercase.index(letter)] for letter in order]
    given = question(*(pattern.format(letter, text=f"text {n}") for n, letter in enumerate(letters)))
    (found,) = find_own_letters([given])
    assert (found.letters, found.matching) == (tuple(order), order in ("ABCD", "AB"))
    texts = list(strip_own_letters(given).options.values())
    assert texts == ([f"text {n}" for n in range(len(order))] if found.matching else list(given.options.values()))


@pytest.mark.parametrize(
    "texts",
    [
        ("E. coli", "S. aureus", "K. pneumoniae", "P. mirabilis"),
        ("C. albicans", "C. neoformans", "B. dermatitidis"),
        ("B. cereus", "C. difficile"),
        ("A. Aspirin", "Heparin"),
        ("A", "B"),
        ("A and B", "B and C", "C and D"),
        ("A. x", "b. y"),
        ("Vitamin A", "Vitamin B"),
        ("A-waves", "B-waves"),
    ],
)
def test_texts_without_option_letters_have_none(texts: tuple[str, ...]) -> None:
    given = question(*texts)
    assert find_own_letters([given]) == []
    assert strip_own_letters(given) is given


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=2, max_size=26))
def test_strip_own_letters_removes_what_was_added(texts: list[str]) -> None:
    bare = [text.strip() for text in texts]
    lettered = question(*(f"{letter}. {text}" for letter, text in zip(string.ascii_uppercase, bare, strict=False)))
    assert list(strip_own_letters(lettered).options.values()) == bare
