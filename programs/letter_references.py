"""Which letters of a text name the options of its question, as far as that is sure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from openmedlm.data import Question

_OPTION = r"(?:options?|choices?|answers?|alternatives?|statements?)"
_JUDGED = r"(?:in)?correct|wrong|right|true|false|ruled\sout|out"
_BY_PLACE = re.compile(
    rf"\b(?i:first|second|third|fourth|fifth|[1-5](?:st|nd|rd|th)|last|former|latter|previous|next)\s"
    rf"(?:(?:\w+\s|of\s(?:the|these)\s)?(?i:{_OPTION})|(?i:ones?))\b"
    r"|\b(?i:above|below|following|preceding)\s(?i:option|choice|answer|alternative|statement)\b"
    r"|\b(?i:first|last)\s(?:two|three|four)\s(?:are|were|can)\b"
    r"|\b(?i:choose|select|pick|go\swith)\s(?:the\s)?(?:first|second|third|fourth|last|former|latter)\b"
    rf"|\b(?i:{_OPTION})[ \t#*_\"'(\[-]*(?i:no\.?\s?|number\s)?(?:[1-9]\b(?![.,]\d|\s?%|-\d)|(?i:i{{1,3}}|iv)[),. ])"
    r"|\b(?i:ans|answer)\b[ \t.:*_-]*(?:is[ \t:]+)?[(*]*[1-9][)*]*(?=[.)]?[ \t]*(?:\n|$)|[.)]\s)"
    r"|\b(?i:options?|choices?)\s(?:one|two|three|four)\b(?!\sby)"
    rf"|\b(?i:final|top|bottom)\s(?:two\s)?(?:options?|choices?)\b|\b(?i:the\sones?\s(?:above|below))\b"
    rf"|\b(?i:the\s(?:first|second|third|fourth|fifth|last|former|latter)(?:\s(?:two|three|one))?)"
    rf"(?=\s(?:is|are|was|were)\b|\s*[.,;:!]|\s*$)"
    rf"|(?<!\w)\#[1-9]\b|\b[1-9]\)?\s(?:is|are)\s(?:{_JUDGED})\b"
)
_BY_SMALL_LETTER = re.compile(
    rf"\b(?i:{_OPTION}|ans)\b(?:\s(?:is|are))?[\s.:#*_\"'‘’“”(\[-]*(?!(?:i\.?e|e\.?g)\b)"
    rf"(?:[b-j]\b(?![’'-]?\w)|a(?=[)\]*'\"’”.,:;]|\s(?:is|are|and|or|&)\s|\s[A-Z]))"
    r"|(?:^|\n)[ \t>*_•-]*\(?[a-j](?:[).:]\s|[ \t*_]*(?:\n|$))|(?<![\w.(-])(?:[a-j]\)|[b-j]\.\s[A-Z])"
    r"|\([a-j]\)|['\"‘“][a-j]['\"’”]"
    r"|\*[a-j]\*|\b(?i:is|are|be|therefore,?|so)\s[b-j]\.?[ \t]*(?:\n|$)"
    r"|\b(?i:choose|select|pick|chose|take)\s[a-j](?=\W*(?:\n|$))"
    rf"|\b[a-j]\s?(?:,|&|\band\b)\s?[b-j]\b(?![.'’-]\w)|\b[b-j]\s(?:is|are)\s(?:{_JUDGED})\b"
)
_RUN_TOGETHER = re.compile(
    r"\b(?i:options?|choices?|answers?|ans)\b[\s.:*_\"'(\[-]*(?:is\s|are\s)?[A-J](?:[A-J]+\b|[A-Z][a-z]|[a-z]+[A-Z])"
    r"|\b(?i:options?|choices?|answers?|ans)[A-J]\b"
    rf"|\b[A-J]{{2,5}}\s(?:is|are)\s(?:all\s|both\s|not\s)?(?:{_JUDGED})\b"
    r"|(?<![^\W_])[A-J]\s?(?:[-–—]|\b(?:to|through|thru)\b)\s?[A-J](?![^\W_])"
)

_LETTERED = 10
"""Options that the patterns above know letters for."""

_NAMES_ITS_OWN = re.compile(rf"\b(?i:{_OPTION})\s\(?[A-Z]\b")
_AND = r"[*_)\]]*(?:[ \t]*[,/&+][ \t]*(?:(?:and|or)\s)?|\s(?:and|or|nor)\s)(?:options?\s)?[*_(\[]*"
_RUN = re.compile(rf"(?<![^\W_])[A-Z](?:{_AND}[A-Z])*(?![^\W_])")
_LETTER = re.compile(r"(?<![^\W_])[A-Z](?![^\W_])")
_JOINED = re.compile(
    r"(?!.*option)(?:.*(?:\b(?:and|or|nor)\b|&)[^\w,]*[A-Z]|[A-Z](?:[ \t]?[/+][ \t]?[A-Z])+)\Z", re.DOTALL
)

_OPENED = r"[\s*_\"'‘’“”(\[]*\Z"
_NAMED_SO = re.compile(rf"\b(?i:{_OPTION})(?:\s(?:provided|given|listed))?(?:[ \t]*|-)[*_\"'‘’“”(\[]*\Z")
_CHOSEN = re.compile(
    rf"(?:(?:\b|_)(?i:{_OPTION}|ans\b\.?)[*_\"']*(?:\s(?:is|are|was|were|(?:would|should|must|will)\sbe))?\s*[:=-]*{_OPENED}"
    r"|\\boxed\{(?:\\text\{)?\Z)"
)
_CONCLUDED = re.compile(
    rf"\b(?i:{_OPTION})\b[^.\n]{{0,80}}(?:\b(?:is|are|be)|:){_OPENED}"
    rf"|\b(?i:select|choose|pick|(?:eliminat|exclud|reject|rul)(?:es?|s|ed|ing)(?:\sout)?)\s(?:both\s|only\s)?{_OPENED}"
)
_CLOSED = re.compile(
    r"[*_\"'’”)\]}$]*(?:\s*[.,;:)(\n–—\"\\]|\s*$|\s-|\s(?:because|since|as|for|and|but|which|while|so|i\.?e)\b)"
)
_CLAUSE_START = re.compile(
    r"(?:^|[\n.!?;:,*#>–—]|\s-|\b(?i:and|or|so|because|that|since|while|whereas|but|as|hence|thus|therefore|if|then|"
    rf"why|only|both|either|neither|though|although)){_OPENED}"
)
_VERDICT = re.compile(
    r"[*_\"'’”)\]]*\s(?:is|are|was|were|seems?|(?:can|could|may|might|would|must)\sbe)\s(?:all\s|both\s|not\s|also\s)*"
    rf"(?:{_JUDGED}|(?:un)?likely|eliminated|excluded|the\s(?:\w+\s){{0,2}}{_OPTION})\b"
)
_PREDICATE = re.compile(
    r"[*_\"'’”)\]]*\s(?:is|are|was|were|would|can(?!\sof)|cannot|could|may|might|does|do|has|have|describes?|refers?|"
    r"represents?|states?|suggests?|mentions?|seems?|because|since)\b"
)
_SINGULAR = re.compile(r"[*_\"'’”)\]]*\s(?:is|was|has|does|seems)\b")
_LINE_START = re.compile(r"(?:^|\n)[\s>#*_(\[•–-]*(?:\d{1,2}[.)]\s*)?[*_(\[]*\Z")
_LABEL_END = re.compile(r"[*_]*[).:\]][*_)]*|[*_)]*\s?[-–—:][ \t]|[*_)\]]*[ \t]*(?:\n|$)|-(?=\w)")
_LABELLED = re.compile(r"[*_]*(?:[).:\]][*_)\"']*[ \t]|[ \t]?[-–—:][ \t]|[ \t]\(|,[ \t])")
_JUDGEMENT = re.compile(
    rf"[\W_]*(?:{_JUDGED}|this|these|{_OPTION}|not|partially|(?:un)?likely|yes|no)\b", re.IGNORECASE
)

_SENTENCE_START = re.compile(r"(?:^|[\n.!?:;*\"“(#>•–—-])\s*\Z")
_ARTICLE = re.compile(
    r"[ \t\xa0](?!(?:also|alone|only|and|or|which|that|being|having|not|but|in|on|at|by|to|from|with|of)\b)[a-z\d]"
)
_VERB = re.compile(r"[ \t\xa0](?!(?:series|species|diabetes|always|lens|pancreas)\b)[a-z]+[^\Wsui]s\b")
_NAMING = (
    r"\b(?:vitamins?|vit\.?|hep(?:atitis)?\.?|types?|groups?|class|stage|grade|factors?|proteins?|immunoglobulins?|ig|hla|"
    r"influenza|ha?emophilia|amphotericin|mitomycin|actinomycin|cyclosporine?|polymyxin|apo|apolipoprotein|lipoprotein|"
    r"phospholipase|kinase|figure|table|phase|category|level|zone|chromosome|toxin|coxsackie|rh|anti|streptococcus|"
    r"penicillin|h(?:a?emoglobin|b)|coenzyme|cytochrome|complex|subtype|serotype|antigen|blood)[ \t\xa0]+"
)
_NAMED_BEFORE = re.compile(rf"{_NAMING}\Z", re.IGNORECASE)
_SAID_TO_BE = re.compile(rf"{_NAMING}(?:is|are|be)\b\W*\Z", re.IGNORECASE)
_NAMED_AFTER = re.compile(
    r"[ \t\xa0](?:(?i:cells?|lymphocytes?|waves?|fib(?:er|re)s?|lines?|lineage|streptococc\w+|virus|antigens?|"
    r"symptoms?|peptide|dimers?)|vitamins?)\b"
)
_SPECIES = re.compile(r"\.\s?(?!(?:the|this|that|its?|these|in|and|because|since|which|not|is|are)\b)([a-z]{3,})")
_LINKING = frozenset(
    ["and", "or", "nor", "of", "in", "on", "by", "the", "is", "are", "for", "with", "to", "not", "both", "only"]
)


@dataclass(frozen=True, slots=True)
class _Run:
    """One letter, or an enumeration such as `A, B and D`, with what stands around it."""

    said: str
    letters: str
    offsets: tuple[int, ...]
    before: str
    after: str


def letter_references(text: str, question: Question) -> tuple[int, ...] | None:
    """Offsets of the letters in a text that name the question's options, in code points, ascending.

    Returns:
        None where it is not sure that these are all and only those letters, or that the text stays true once its
        options change places: a capital letter that may or may not be the name of something, one that stands before
        another option's text, one that the question does not have, an option named by place, number or small letter.
    """
    if any(pattern.search(text) for pattern in (_BY_PLACE, _BY_SMALL_LETTER, _RUN_TOGETHER)) or _is_styled(text):
        return None
    if len(question.options) > _LETTERED or _NAMES_ITS_OWN.search(question.question):
        return None
    reading = _Reading(text, question)
    found: list[int] = []
    for run in reading.runs:
        named = reading.names_options(run)
        if named is None:
            return None
        if named:
            found.extend(run.offsets)
    return tuple(found)


class _Reading:
    """A text beside its question."""

    def __init__(self, text: str, question: Question) -> None:
        self._options = question.options
        self._words = {letter: _words(option) for letter, option in question.options.items()}
        self._said = "\n".join((*question.context, question.question, *question.options.values()))
        self._question_has_letters = bool(_lone_letters(self._said, self._options))
        named = [before for option in self._options.values() for before in _lone_letters(option, self._options)[:1]]
        self._options_have_letters = len(named) > len(set(named))
        self.runs = list(_runs(text))
        self._lists_options = any(_is_label(run) and self._told_after(run) == "own" for run in self.runs)
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
        """Whether the run's letters name options; None where that can't be told."""
        chosen, label = _CHOSEN.search(run.before) is not None, _is_label(run)
        held = self._begins_option_text(run)
        piece = bool(held) or _is_abbreviation(run, in_place=chosen or label)
        name = piece or (not label and self._is_name(run))
        known = set(run.letters) <= set(self._options)
        if len(run.letters) > 1 and not _is_enumeration(run, mixed=name or not known):
            return None
        if piece:
            return None if run.letters in held - {"A"} and (chosen or label) else False
        if not known:
            labels = label and self._lists_options and not _SPECIES.match(run.after)
            judged = _CLAUSE_START.search(run.before) and _VERDICT.match(run.after)
            return None if (chosen or labels or judged or self._nearly_knows(run)) and not name else False
        told = self._told_after(run) if chosen or label or self._is_labelled(run) else "nothing"
        if name:
            labelled = told == "own" and run.after[:1] in {".", ")", ":"}
            return None if chosen or labelled or (len(run.letters) > 1 and _SINGULAR.match(run.after)) else False
        if told != "nothing":
            return True if told == "own" else None
        return self._labels(run) if label else self._speaks_of(run, chosen)

    def _nearly_knows(self, run: _Run) -> bool:
        """Whether an enumeration goes one letter beyond the question's."""
        return run.letters[0] in self._options and all(ord(n) <= ord(max(self._options)) + 1 for n in run.letters)

    def _begins_option_text(self, run: _Run) -> set[str]:
        """Options whose text begins with the letter and what follows it, as `A shunt`, `E. coli` and `C-peptide` do."""
        if run.letters == "A" and not run.after.startswith(" "):
            return set()
        words = [run.letters.casefold(), *_words(run.after)]
        return {letter for letter, own in self._words.items() if len(own) > 1 and words[: len(own)] == own}

    def _told_after(self, run: _Run) -> Literal["own", "other", "nothing"]:
        """Whose option text follows one letter on its line."""
        if len(run.letters) > 1 or run.letters not in self._options:
            return "nothing"
        words = _words(re.sub(r"^[\W_]*(?:i\.?e\b|which\sis\b)?", "", run.after).partition("\n")[0])
        told = {letter for letter, own in self._words.items() if own and words[: len(own)] == own}
        if told and run.letters not in told:
            return "other"
        return "own" if told or _resemble(words, self._words[run.letters]) else "nothing"

    def _is_labelled(self, run: _Run) -> bool:
        """Whether an option's text that follows within a sentence is enough of it to be no accident."""
        return bool(_LABELLED.match(run.after)) and len("".join(self._words.get(run.letters, ""))) > 3

    def _labels(self, run: _Run) -> bool | None:
        """Of a letter that stands like a label before something else than an option's text."""
        ending = _LABEL_END.match(run.after)
        rest = run.after[ending.end() :] if ending else ""
        if _JUDGEMENT.match(rest):
            return True
        if ending and ending[0] == "-" and not rest[0].isupper():
            return False
        if not rest.strip():
            return None if self._has_symbols or self._options_have_letters else True
        return True if self._lists_options and not _SPECIES.match(run.after) else None

    def _speaks_of(self, run: _Run, chosen: bool) -> bool | None:
        """Of letters within a sentence."""
        species = _SPECIES.match(run.after) is not None
        if _NAMED_SO.search(run.before):
            return None if species else True
        if chosen or _CONCLUDED.search(run.before):
            doubtful = self._options_have_letters or species or _SAID_TO_BE.search(run.before)
            return None if doubtful or not _CLOSED.match(run.after) else True
        if self._follows_own_text(run):
            return True
        if species:
            return None if _SENTENCE_START.search(run.before) else False
        if _CLAUSE_START.search(run.before) and _VERDICT.match(run.after):
            return None if self._options_have_letters else True
        bracketed = run.before.endswith("(") == run.after.startswith(")")
        if bracketed and _CLAUSE_START.search(run.before) and _PREDICATE.match(run.after):
            return None if self._has_symbols or self._question_has_letters or run.letters == "I" else True
        if run.letters == "A" and _SENTENCE_START.search(run.before) and _ARTICLE.match(run.after):
            return None if _PREDICATE.match(run.after) or _VERB.match(run.after) else False
        return None

    def _follows_own_text(self, run: _Run) -> bool:
        """Whether this is `(B)` right behind the text of option B, and no abbreviation of it."""
        own, before = self._words.get(run.letters, []), _words(run.before)
        abbreviates = len(own) == 1 and own[0].startswith(run.letters.casefold())
        bracketed = run.before.endswith("(") and run.after.startswith(")")
        return bool(own) and bracketed and before[-len(own) :] == own and not abbreviates

    def _is_name(self, run: _Run) -> bool:
        """Whether the letters are part of a name, such as that of a vitamin, or of a phrase of the question."""
        if _NAMED_BEFORE.search(run.before) or _NAMED_AFTER.match(run.after):
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
        if word in _LINKING or re.fullmatch(_OPTION, word):
            return False
        pattern = rf"\b{_as_written(first)}\.?[ \t\xa0]?{_as_written(second)}\b"
        return re.search(pattern, self._said) is not None


def _runs(text: str) -> Iterator[_Run]:
    for match in _RUN.finditer(text):
        start, end = match.span()
        letters = list(_LETTER.finditer(text, start, end))
        yield _Run(
            match[0],
            "".join(letter[0] for letter in letters),
            tuple(letter.start() for letter in letters),
            text[max(0, start - 120) : start],
            text[end : end + 200],
        )


def _is_enumeration(run: _Run, mixed: bool) -> bool:
    """Whether letters that stand in a row belong together, unlike in `option B, A test` and `Vitamin C, B is`.

    Args:
        run: the letters.
        mixed: some of them are names.
    """
    article = run.letters[-1] == "A" and _ARTICLE.match(run.after) and not _PREDICATE.match(run.after)
    repeated = len(set(run.letters)) < len(run.letters)
    return not article and not repeated and (not mixed or _JOINED.match(run.said) is not None)


def _is_label(run: _Run) -> bool:
    """Whether the letter opens a line as an option's label does."""
    return len(run.letters) == 1 and bool(_LINE_START.search(run.before) and _LABEL_END.match(run.after))


def _is_abbreviation(run: _Run, in_place: bool = False) -> bool:
    """Whether the letter is a word or a piece of something longer, such as C-peptide, M/C, T.B., 37 °C or I think.

    Args:
        run: the letter.
        in_place: it stands where an option's letter does, as in `Answer-C` and `B-Renin`.
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
    """The words before the letters that are words of the text, the article and organisms apart."""
    lone = rf"([^\W_]*)\s?(?<![^\W_])[{''.join(letters)}](?![^\W_]|-\w|\.\s?[a-z])(?<!A(?=\s[a-z\d]))"
    return [match[1] for match in re.finditer(lone, text)]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _resemble(words: list[str], own: list[str]) -> bool:
    """Whether the words begin as an option does, a slip of the pen apart."""
    if not words or not own:
        return False
    wanted = " ".join(own)
    begun = " ".join(words)[: len(wanted)]
    return (words[0] == own[0] and len(own[0]) > 3) or SequenceMatcher(None, begun, wanted).ratio() > 0.7


def _as_written(part: str) -> str:
    return part if len(part) == 1 else rf"(?i:{re.escape(part)})"


def _is_styled(text: str) -> bool:
    """Whether the text has letters that only look like capital ones, as full-width and mathematical ones do."""
    return any(re.fullmatch("[A-Z]", unicodedata.normalize("NFKC", c)) for c in set(text) if not c.isascii())
