"""Which options may change places, and which letters of a text then have to follow."""

import re
from collections.abc import Mapping, Sequence

from data import Question

_BOUND = re.compile(
    r"\b(?:above|below|preceding|former|latter|both|options?|choices?|"
    r"(?:all|any|none|either|neither)\sof\s(?:them|these|those|the))\b",
    re.IGNORECASE,
)
_LETTERS_ALONE = re.compile(r"[\W_]*(?:(?:[a-e]{1,4}|and|or|only)\b[\W_]*)+", re.IGNORECASE)

_OPTION = r"(?:options?|choices?|answers?|alternatives?|letters?)"
_POSITIONAL = re.compile(
    # by place, by number or by a small letter: none of them follows a capital one
    rf"\b(?:first|second|third|fourth|fifth|last|former|latter)\s(?:\w+\s)?{_OPTION}\b"
    rf"|\b{_OPTION}\s*[#(\['\"‘“]?\s*(?:[1-9]\b(?!\.\d)|[b-j](?=[\s)\]'\"’”.,:;]))"
    rf"|\b{_OPTION}\s*[#(\['\"‘“]?\s*a(?=[)\]'\"’”.,:;]|\s(?:is|are|and|or)\b)"
    r"|(?:^|\n)\s*\(?[a-j][).:]\s|\([a-j]\)|['\"‘“][a-j]['\"’”]"
    r"|\b(?:ans|answer)(?:\.|\sis|:)?\s*[-–:(\[]*\s*[a-j](?=[).\],:;]|$)",
)
_LETTER = re.compile(r"(?<![\w/+])[A-Z](?![\w+/]|[’']\w)")
_AND = r"(?:\s*(?:,|/|&)\s*(?:and\s|or\s)?|\s(?:and|or|nor)\s)"
_CHOSEN = re.compile(
    rf"\b(?:{_OPTION}|ans\b\.?|select|choose|pick|chose)(?:\s(?:is|are|be|would\sbe))?[\s:*_\"'(\[-]*$",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    rf"\b(?:{_OPTION}|correct|right)\b[^.\n]{{0,80}}(?:\bis|\bare|\bbe|:)[\s*_\"'(\[]*$", re.IGNORECASE
)
_AFTER_ANSWER = re.compile(r"[*_\"')\]]*(?:\s*[.,;:)(\n–—]|\s*$|\s(?:because|since|as|for)\b|\s-)")
_PREDICATE = re.compile(
    r"[*_\"')\]]*\s(?:is|are|was|were|would|can|cannot|could|may|might|does|do|has|have|describes?|refers?|represents?|states?|"
    r"suggests?|mentions?|seems?|because|since)\b"
)
_CLAUSE_START = re.compile(
    r"(?:^|[\n.!?;:,(*#>–—]|\s-|\b(?:and|or|so|because|that|since|while|whereas|but|as|hence|thus|therefore|if|then|why|only|both|either|neither|"
    r"though|although|than|like|with|eliminates?))[\s*_\"'(\[]*$",
    re.IGNORECASE,
)
_LINE_START = re.compile(r"(?:^|\n)[\s>#*_(\[•–-]*(?:\d{1,2}\.\s*)?[*_(\[]*$")
_LABEL_END = re.compile(r"[*_]*[).:\]][*_)]*(?=\s|$)|[*_]*\s[-–—:]\s|[*_]*\s*$|[*_]*\n")
_ARTICLE_BEFORE = re.compile(r"(?:^|[\n.!?:*\"“(#>-])\s*$")
_NAMED_BEFORE = re.compile(
    r"\b(?:vitamins?|vit\.?|hepatitis|types?|groups?|class|stage|grade|factors?|proteins?|immunoglobulins?|ig|influenza|"
    r"ha?emophilia|amphotericin|mitomycin|actinomycin|cyclosporine?|polymyxin|apolipoprotein|lipoprotein|phospholipase|"
    r"kinase|figure|table|phase|category|level|zone|chromosome|botulinum|toxin|coxsackie|rh|anti|streptococcus|penicillin|"
    r"h(?:a?emoglobin|b)|coenzyme|cytochrome|complex|subtype|serotype|antigen|blood)\s$",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    r"\s(?:cells?|lymphocytes?|waves?|fib(?:er|re)s?|lines?|vitamins?|lineage|streptococc\w+|virus|antigens?)\b"
)
_ORGANISM = re.compile(r"\.\s?([a-z]{3,})")


def order_is_free(question: Question) -> bool:
    """Whether the options may be shown in another order.

    They may not where one of them speaks of the others or of letters, as `All of the above`, `Both` and `A and C` do:
    at another place it would say something else. Where that can't be told apart, as in `Falls below 3 mmol/L`, they
    may not either.
    """
    return not any(_BOUND.search(text) or _LETTERS_ALONE.fullmatch(text) for text in question.options.values())


def letter_references(text: str, question: Question) -> tuple[int, ...] | None:
    """Offsets of the letters in a text that name the question's options, in code points, ascending.

    Returns:
        None where it is not sure that these are all and only those letters, or that the text stays true once its
        options change places: a single capital letter that may or may not be the name of something, an option named by
        place, number or small letter, or one that the question does not have.
    """
    if _POSITIONAL.search(text):
        return None
    found = []
    in_list = _in_list(text)
    for match in _LETTER.finditer(text):
        kind = _kind(text, match.start(), question, in_list)
        if kind is None or (kind and match[0] not in question.options):
            return None
        if kind:
            found.append(match.start())
    return tuple(found)


def moved(text: str, references: Sequence[int], mapping: Mapping[str, str]) -> str:
    """The text with the letter at each of these offsets replaced by what it is mapped to."""
    characters = list(text)
    for offset in references:
        characters[offset] = mapping[characters[offset]]
    return "".join(characters)


def _in_list(text: str) -> Mapping[int, tuple[int, int]]:
    """For each letter of an enumeration such as `A, B and D`, where the enumeration begins and ends."""
    lists = {}
    for match in re.finditer(rf"(?<![\w’'/+-])[A-Z](?:{_AND}(?:options?\s)?\(?[A-Z]\)?(?![\w+’'/-]))+", text):
        for letter in _LETTER.finditer(text, match.start(), match.end()):
            lists[letter.start()] = match.span()
    return lists


def _kind(text: str, offset: int, question: Question, in_list: Mapping[int, tuple[int, int]]) -> bool | None:
    """Whether the letter at the offset names an option; None where that can't be told."""
    letter = text[offset]
    start, end = in_list.get(offset, (offset, offset + 1))
    before, after = text[max(0, start - 120) : start], text[end : end + 120]
    if re.match(r"-\w", after) or before.endswith("-"):  # C-peptide and anti-D, but not "Answer-C"
        return _CHOSEN.search(before) is not None
    if any(other.group() not in question.options for other in _LETTER.finditer(text, start, end)):
        return re.search(rf"\b{_OPTION}\s\(?$", before, re.IGNORECASE) is not None
    if _is_label(text, offset, question):
        return True
    if _is_named(text, offset, question):
        return False
    organism = _ORGANISM.match(after)
    if _CHOSEN.search(before) or (_CONCLUDED.search(before) and _AFTER_ANSWER.match(after)):
        return True if organism is None or _begins(question.options[letter], organism[1]) else None
    if organism is not None and not _ARTICLE_BEFORE.search(before):
        return False
    if _CLAUSE_START.search(before) and _PREDICATE.match(after) and not before.endswith("("):
        return True
    if letter == "A" and _ARTICLE_BEFORE.search(before) and re.match(r"\s(?:[a-z]|\d)", after):
        return False
    if _follows_own_text(before, after, letter, question):
        return True
    return None


def _is_label(text: str, offset: int, question: Question) -> bool:
    """Whether the letter opens a line as an option's label does."""
    if not _LINE_START.search(text[max(0, offset - 20) : offset]):
        return False
    ending = _LABEL_END.match(text, offset + 1)
    if ending is None:
        return False
    rest = text[ending.end() :].lstrip(" *_")
    first = re.match(r"\w+", rest)
    if first is None or first[0][0].isupper() or first[0][0].isdigit():
        return True
    return _begins(question.options.get(text[offset], ""), first[0])


def _begins(option: str, word: str) -> bool:
    return re.match(rf"\W*{re.escape(word)}\b", option, re.IGNORECASE) is not None


def _is_named(text: str, offset: int, question: Question) -> bool:
    """Whether the letter is part of a name, such as that of a vitamin, a type of cell or an organism."""
    before, after = text[max(0, offset - 40) : offset], text[offset + 1 : offset + 40]
    if _NAMED_BEFORE.search(before) or _NAMED_AFTER.match(after):
        return True
    said = " ".join((*question.context, question.question, *question.options.values()))
    previous = re.search(r"([\w’'-]+)\s$", before)
    following = re.match(r"\s([\w’'-]+)", after)
    letter = text[offset]
    if previous and re.search(rf"\b(?i:{re.escape(previous[1])})\s{letter}\b", said):
        return True
    return bool(following and letter != "A" and re.search(rf"\b{letter}\s(?i:{re.escape(following[1])})\b", said))


def _follows_own_text(before: str, after: str, letter: str, question: Question) -> bool:
    """Whether this is `(B)` right behind the text of option B."""
    own = re.sub(r"\W+", " ", question.options.get(letter, "")).strip().casefold()
    told = re.sub(r"\W+", " ", before).strip().casefold()
    return bool(own) and before.endswith("(") and after.startswith(")") and told.endswith(own)
