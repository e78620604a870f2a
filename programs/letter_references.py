"""Letter references: the letters of a text that certainly name options of its question."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from openmedlm.data import Question
from openmedlm.programs import letter_patterns as patterns


@dataclass(frozen=True, slots=True)
class _Run:
    """One letter, or an enumeration such as `A, B and D`, with the text around it."""

    text: str
    letters: str
    offsets: tuple[int, ...]
    before: str
    after: str


def letter_references(text: str, question: Question) -> tuple[int, ...] | None:
    """Return the offsets of the letters in a text that name the question's options, in code points, ascending.

    Returns:
        None if these may not be exactly the references, or if the text may become false when the options are
        reordered. That is so if a capital letter may be part of a name, is followed by another option's text, or is
        not a letter of the question. It is also so if an option is named by position, number or lower-case letter.

    Example:
        >>> question = Question("q1", "mine", "pool", "Which organ pumps?", {"A": "Liver", "B": "Heart"}, "B")
        >>> letter_references("Option B pumps blood, so A is wrong.", question)
        (7, 25)
    """
    unsupported = (patterns.BY_POSITION, patterns.BY_SMALL_LETTER, patterns.RUN_TOGETHER)
    if any(pattern.search(text) for pattern in unsupported) or _is_styled(text):
        return None
    if len(question.options) > patterns.MAX_OPTIONS or patterns.NAMES_ITS_OWN.search(question.question):
        return None
    context = _Context(text, question)
    offsets: list[int] = []
    for run in context.runs:
        named = context.names_options(run)
        if named is None:
            return None
        if named:
            offsets.extend(run.offsets)
    return tuple(offsets)


class _Context:
    """A text and its question, which decide the meaning of each letter."""

    def __init__(self, text: str, question: Question) -> None:
        self._options = question.options
        self._words = {letter: _words(option) for letter, option in question.options.items()}
        self._question_text = "\n".join((*question.context, question.question, *question.options.values()))
        self._question_has_letters = bool(_lone_letters(self._question_text, self._options))
        named = [before for option in self._options.values() for before in _lone_letters(option, self._options)[:1]]
        self._options_have_letters = len(named) > len(set(named))
        self.runs = list(_runs(text))
        self._lists_options = any(_is_label(run) and self._option_text_after(run) == "own" for run in self.runs)
        self._has_symbols = any(
            not (
                set(run.letters) <= set(self._options)
                or run.letters == "I"
                or self._is_name(run)
                or _is_abbreviation(run)
            )
            for run in self.runs
        )

    def names_options(self, run: _Run) -> bool | None:
        """Return True if the run's letters name options; None if that is unsure."""
        chosen, label = patterns.CHOSEN.search(run.before) is not None, _is_label(run)
        held = self._begins_option_text(run)
        piece = bool(held) or _is_abbreviation(run, in_place=chosen or label)
        name = piece or (not label and self._is_name(run))
        known = set(run.letters) <= set(self._options)
        if len(run.letters) > 1 and not _is_enumeration(run, mixed=name or not known):
            return None
        if piece:
            return None if run.letters in held - {"A"} and (chosen or label) else False
        if not known:
            labels = label and self._lists_options and not patterns.SPECIES.match(run.after)
            judged = patterns.CLAUSE_START.search(run.before) and patterns.VERDICT.match(run.after)
            return None if (chosen or labels or judged or self._nearly_knows(run)) and not name else False
        following = self._option_text_after(run) if chosen or label or self._is_labelled(run) else "nothing"
        if name:
            labelled = following == "own" and run.after[:1] in {".", ")", ":"}
            return (
                None if chosen or labelled or (len(run.letters) > 1 and patterns.SINGULAR.match(run.after)) else False
            )
        if following != "nothing":
            return True if following == "own" else None
        return self._labels(run) if label else self._names_within_sentence(run, chosen)

    def _nearly_knows(self, run: _Run) -> bool:
        """Return True if an enumeration goes one letter beyond the question's."""
        return run.letters[0] in self._options and all(ord(n) <= ord(max(self._options)) + 1 for n in run.letters)

    def _begins_option_text(self, run: _Run) -> set[str]:
        """Return the options whose text begins with the letter and the next words: `A shunt`, `E. coli`."""
        if run.letters == "A" and not run.after.startswith(" "):
            return set()
        words = [run.letters.casefold(), *_words(run.after)]
        return {letter for letter, own in self._words.items() if len(own) > 1 and words[: len(own)] == own}

    def _option_text_after(self, run: _Run) -> Literal["own", "other", "nothing"]:
        """Return the owner of the option text that follows one letter on its line."""
        if len(run.letters) > 1 or run.letters not in self._options:
            return "nothing"
        words = _words(re.sub(r"^[\W_]*(?:i\.?e\b|which\sis\b)?", "", run.after).partition("\n")[0])
        owners = {letter for letter, own in self._words.items() if own and words[: len(own)] == own}
        if owners and run.letters not in owners:
            return "other"
        return "own" if owners or _resemble(words, self._words[run.letters]) else "nothing"

    def _is_labelled(self, run: _Run) -> bool:
        """Return True if the option text that follows within a sentence is too long for a coincidence."""
        return bool(patterns.LABELLED.match(run.after)) and len("".join(self._words.get(run.letters, ""))) > 3

    def _labels(self, run: _Run) -> bool | None:
        """Return `names_options` of a letter that looks like a label, but without the text of an option after it."""
        ending = patterns.LABEL_END.match(run.after)
        rest = run.after[ending.end() :] if ending else ""
        if patterns.JUDGEMENT.match(rest):
            return True
        if ending and ending[0] == "-" and not rest[0].isupper():
            return False
        if not rest.strip():
            return None if self._has_symbols or self._options_have_letters else True
        return True if self._lists_options and not patterns.SPECIES.match(run.after) else None

    def _names_within_sentence(self, run: _Run, chosen: bool) -> bool | None:
        """Return `names_options` of letters within a sentence."""
        species = patterns.SPECIES.match(run.after) is not None
        if patterns.NAMED_SO.search(run.before):
            return None if species else True
        if chosen or patterns.CONCLUDED.search(run.before):
            doubtful = self._options_have_letters or species or patterns.SAID_TO_BE.search(run.before)
            return None if doubtful or not patterns.CLOSED.match(run.after) else True
        if self._follows_own_text(run):
            return True
        if species:
            return None if patterns.SENTENCE_START.search(run.before) else False
        if patterns.CLAUSE_START.search(run.before) and patterns.VERDICT.match(run.after):
            return None if self._options_have_letters else True
        bracketed = run.before.endswith("(") == run.after.startswith(")")
        if bracketed and patterns.CLAUSE_START.search(run.before) and patterns.PREDICATE.match(run.after):
            return None if self._has_symbols or self._question_has_letters or run.letters == "I" else True
        if run.letters == "A" and patterns.SENTENCE_START.search(run.before) and patterns.ARTICLE.match(run.after):
            return None if patterns.PREDICATE.match(run.after) or patterns.VERB.match(run.after) else False
        return None

    def _follows_own_text(self, run: _Run) -> bool:
        """Return True if this is `(B)` directly after the text of option B, and not an abbreviation of it."""
        own, before = self._words.get(run.letters, []), _words(run.before)
        abbreviates = len(own) == 1 and own[0].startswith(run.letters.casefold())
        bracketed = run.before.endswith("(") and run.after.startswith(")")
        return bool(own) and bracketed and before[-len(own) :] == own and not abbreviates

    def _is_name(self, run: _Run) -> bool:
        """Return True if the letters are part of a name, such as a vitamin's, or of a phrase of the question."""
        if patterns.NAMED_BEFORE.search(run.before) or patterns.NAMED_AFTER.match(run.after):
            return True
        previous = re.search(r"(\w[\w’'-]*)[ \t\xa0]\Z", run.before)
        following = re.match(r"[ \t\xa0]([\w’'-]+)|\.[ \t\xa0]?([a-z][\w’'-]+)", run.after)
        return (previous is not None and self._is_phrase(previous[1], run.letters[0])) or (
            following is not None
            and run.letters[-1] != "A"
            and self._is_phrase(run.letters[-1], following[1] or following[2])
        )

    def _is_phrase(self, first: str, second: str) -> bool:
        word = (first if len(first) > 1 else second).casefold()
        if word in patterns.LINKING or re.fullmatch(patterns.OPTION, word):
            return False
        pattern = rf"\b{_as_written(first)}\.?[ \t\xa0]?{_as_written(second)}\b"
        return re.search(pattern, self._question_text) is not None


def _runs(text: str) -> Iterator[_Run]:
    for match in patterns.RUN.finditer(text):
        start, end = match.span()
        letters = list(patterns.LETTER.finditer(text, start, end))
        yield _Run(
            match[0],
            "".join(letter[0] for letter in letters),
            tuple(letter.start() for letter in letters),
            text[max(0, start - 120) : start],
            text[end : end + 200],
        )


def _is_enumeration(run: _Run, mixed: bool) -> bool:
    """Return True if consecutive letters form an enumeration, unlike in `option B, A test` and `Vitamin C, B is`.

    Args:
        run: The letters.
        mixed: Whether some of them are names.
    """
    article = run.letters[-1] == "A" and patterns.ARTICLE.match(run.after) and not patterns.PREDICATE.match(run.after)
    repeated = len(set(run.letters)) < len(run.letters)
    return not article and not repeated and (not mixed or patterns.JOINED.match(run.text) is not None)


def _is_label(run: _Run) -> bool:
    """Return True if the letter opens a line like an option's label."""
    return len(run.letters) == 1 and bool(
        patterns.LINE_START.search(run.before) and patterns.LABEL_END.match(run.after)
    )


def _is_abbreviation(run: _Run, in_place: bool = False) -> bool:
    """Return True if the letter is a word or a part of a longer term: C-peptide, M/C, T.B., 37 °C, I think.

    Args:
        run: The letter.
        in_place: Whether it is at the position of an option's letter, as in `Answer-C` and `B-Renin`.
    """
    if re.search(r"(?<![^\W_])[A-Z]\.\Z", run.before) or re.match(r"\.[A-Z]\.", run.after):
        return True
    if run.letters == "I" and re.match(r"\s(?:am|will|think|believe|know|need|choose|guess)\b|[’']\w", run.after):
        return True
    return not in_place and bool(
        re.search(r"[\w/]-\Z|/\Z", run.before)
        or re.match(r"-\w|/|\+", run.after)
        or (run.letters == "C" and re.search(r"(?:[°º˚]|\b\d\d|\bdegrees?)\s?\Z", run.before))
    )


def _lone_letters(text: str, letters: Iterable[str]) -> list[str]:
    """Return the words before letters that are words of the text, except articles and organisms."""
    lone = rf"([^\W_]*)\s?(?<![^\W_])[{''.join(letters)}](?![^\W_]|-\w|\.\s?[a-z])(?<!A(?=\s[a-z\d]))"
    return [match[1] for match in re.finditer(lone, text)]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _resemble(words: list[str], own: list[str]) -> bool:
    """Return True if the words begin like an option, up to a typing error."""
    if not words or not own:
        return False
    expected = " ".join(own)
    start = " ".join(words)[: len(expected)]
    return (words[0] == own[0] and len(own[0]) > 3) or SequenceMatcher(None, start, expected).ratio() > 0.7


def _as_written(part: str) -> str:
    return part if len(part) == 1 else rf"(?i:{re.escape(part)})"


def _is_styled(text: str) -> bool:
    """Return True if the text has look-alikes of capital letters, such as full-width or mathematical ones."""
    return any(re.fullmatch("[A-Z]", unicodedata.normalize("NFKC", c)) for c in set(text) if not c.isascii())
