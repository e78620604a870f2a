"""Rules by position: a letter alone, first or last."""

import re

from openmedlm.metrics.answer_parsing.cue_payload import parse_payload
from openmedlm.metrics.answer_parsing.denials import denied
from openmedlm.metrics.answer_parsing.explicit import conditional, explicit_cue
from openmedlm.metrics.answer_parsing.foreign_phrases import AFTER_LETTER, BECAUSE
from openmedlm.metrics.answer_parsing.lettered_terms import part_of_term
from openmedlm.metrics.answer_parsing.options import OptionTexts
from openmedlm.metrics.answer_parsing.parsed_answer import ParsedAnswer

# `(95%)`, `, confidence: high`, ` - I am 90% sure`
_CONFIDENCE = (
    r"(?:\s?[,;:–—(\[-]\s?|\s(?=with\s|\d|\())[(\[]?"
    r"(?:(?:with|my|at|I|I['’]m|am|is|very|fairly|quite|about|approximately|a|high|low|medium|moderate|absolute|full)\s){0,4}"
    r"(?:confiden(?:ce|t)|certain(?:ty)?|sure|probability|likelihood|~?\d{1,3}(?:\.\d{1,4})?\s?%)"
    r"(?:\s?[:=(]?\s?(?:is|level|score|rating|very|high|low|medium|moderate|sure|certain|confiden(?:ce|t)|probability|"
    r"in|of|about|this|that|answer|likely|\d[\d.,/]{0,8}%?)(?!\w)){0,5}\s?[)\]]?"
)
_LONE = re.compile(
    rf"[\"'(\[{{<|]{{0,3}} ?(?:(?:option|choice) )?\(?([A-Z])(?:{AFTER_LETTER})?[\"')\]}}>|]{{0,3}}"
    rf"(?P<mark>[.:,;?!]?)[\"']? ?[\])|]?(?P<confidence>{_CONFIDENCE}[.!]?)?(?=\s?(?:\n|$))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\(?([A-Z])[).:]\s?(?=\S)")
_MAX_LABELS = 20
_INLINE_LABEL = re.compile(r"(?:(?:^|[\s,;])\(?(?=[A-Z][).:]\s)|^(?=[A-Z]\s[-–—]\s))([A-Z])", re.MULTILINE)
_OPENING = re.compile(
    r"(?:(?:probably|(?:most\s)?likely|definitely)\s)?(?:option\s|choice\s)?[(\[]?(?-i:([A-Z]))"
    rf"(?:[)\].:;!]|\s\((?=but|because|since|as|although|though)|,\s(?:not|because|since|as|{BECAUSE})\b|\s[-–—]\s|\s(?:because|since|as|due|{BECAUSE})\b|$|{_CONFIDENCE}|"
    r"\s(?P<text>))",
    re.IGNORECASE,
)
# A first line is no answer to what follows it, if this is a question of its own.
_NEW_QUESTION = re.compile(
    r"\b\d{1,3}[- ](?:year|month|week|day)[- ]old\b|\b(?:which|what|who|how|when|where|why)\b[^\n?]{15,400}\?|"
    r"^(?:question|passage|context|abstract|case|q)\b[ \d]{0,4}[:.]",
    re.IGNORECASE | re.MULTILINE,
)
_CORRECTS = re.compile(
    r"\b(?:actually|wait|sorry|mistake[n]?|correction|reflection|reconsider\w{0,3}|second thought|however|but|wrong|"
    r"incorrect|no,|instead|oops|apolog\w{2,4})\b",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(
    r"(?:\b(?:is|be|are|was|of|with|by|to)|"
    r"(?P<strong>(?<=, )but|"
    r"\b(?:option|choice|so|therefore|thus|hence|it['’]s|it is|leaves|leaving|left with)),?|[:=→?!])\s"
    r"[\"'“”‘’(]{0,2}(?-i:(?P<letter>[A-Z]))[\"'“”‘’)]{0,2}"
    r"(?:, not (?:option )?[\"'“‘(]?[A-Z][\"'”’)]?)?[.!]?[\"'”’]?$",
    re.IGNORECASE,
)
_DECISIVE = re.compile(
    r"\b(?:answer|option|choice|pick|choose|select\w{0,4}|best|most|greatest|highest|lowest|least|correct|right|final|finally|"
    r"likely|should|must|would|so|therefore|thus|hence|conclu\w{2,6}|overall|summary|diagnosis|treatment|management|therapy|"
    r"drug|step|cause|review|reflection|reconsider\w{0,5}|verdict|decision|guess|result|it|left|leaves|leaving|consequently|"
    r"accordingly|following|sure|certainly|okay|ok|yes|statement)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:not|cannot|neither|if|whether|unless|could|might|may|either|between|\w+n['’]t|\w+\sor|"
    r"(?:used|thought|believed|supposed|said) to)\b[^.!?;\n]*$",
    re.IGNORECASE,
)


_LONE_LINE = re.compile(r"^[(\[]?(?:(?:option|choice)\s)?\(?([A-Z])[)\]]{0,2}[.:?)]?$", re.IGNORECASE | re.MULTILINE)
LETTER_BEHIND = (
    r"(?:\s?[(\[]{1,2}(?:(?:option|choice|answer|letter)\s)?|[,:;–—-]?\s(?:option|choice|answer|letter)\s\(?|,\s|\s[-–—]\s)"
    r"([A-Z])[)\]]{0,2}"
)
_LETTER_BEHIND = re.compile(rf"([^.:!?\n]{{2,80}}?){LETTER_BEHIND}[.!]?", re.IGNORECASE)

_NEW_CLAUSE = re.compile(r"(?:[,–—-]|\bbut) ?$")
_ALTERNATIVE = re.compile(r"\b(?:if|whether|unless|either|between)\b[^.!?;\n]*$", re.IGNORECASE)
# `1. D`, `Q1: D`, `| 1 | D |`
_NUMBER = re.compile(r"\|? ?Q?\d{1,3} ?[|.):] ?(?=[(\[|]?[A-Z]\b[^\n]{0,12}$)")


def lone_letter(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter that is the whole first line, whatever a small model writes after it.

    A first line that heads a discussion of the option is no answer, if an answer follows. Nor is a first guess that the
    text corrects.
    """
    numbered = _NUMBER.match(text)
    text = text[numbered.end() :] if numbered else text
    match = _LONE.match(text)
    if match is None or match[1].upper() not in choices.letters:
        return None
    letter, rest = match[1].upper(), text[match.end() :].strip()
    if match["confidence"] and choices.begins_other(letter, match["confidence"].lstrip(" (,[-–—:;")):
        return ParsedAnswer(None, "conflict")
    others = {found[1].upper() for found in _LONE_LINE.finditer(rest)} & {*choices.letters} - {letter}
    heading = match["mark"] in (":", "?")
    if not heading and _NEW_QUESTION.search(rest) and not _CORRECTS.search(rest[:200]):
        return ParsedAnswer(letter, "lone letter")
    later = explicit_cue(rest, choices)
    if later is None and (heading or others):
        later = (
            last_line(rest, choices) or last_word(rest, choices) or (ParsedAnswer(None, "several") if others else None)
        )
    if later is None or (later.letter is None and not (heading or others)):
        return ParsedAnswer(letter, "lone letter")
    return later


def last_line(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter of a last line that is a letter or a labelled option, unless it ends a list of options."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return None
    if lines[-1].startswith("|") and any("answer" in line.lower() for line in lines[:-1]):
        lines[-1] = lines[-1].rstrip("| ").rpartition("|")[2].strip()
    lone = _LONE.fullmatch(lines[-1])
    if lone is not None and lone[1].upper() in choices.letters and not part_of_term(lines[-2], len(lines[-2])):
        return ParsedAnswer(lone[1].upper(), "last line")
    label = _LABEL.match(lines[-1])
    if label is None or _LABEL.match(lines[-2]):
        return None
    if choices.texts and not choices.begins_like(label[1], lines[-1][label.end() :]):
        return None
    parsed = parse_payload(lines[-1], 0, choices, "last line")
    return parsed if parsed is not None and parsed.letter is not None else None


def first_line(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter of a labelled option at the start of a text that labels no other option."""
    opening = _OPENING.match(text)
    if opening is None or (opening["text"] is not None and not choices.begins_like(opening[1], text[opening.end() :])):
        return None
    if labels(text, choices) - {opening[1]}:
        return None
    return parse_payload(text, 0, choices, "first line")


def labels(text: str, choices: OptionTexts) -> set[str]:
    """Return the letters that are labels anywhere in the text, as in `C) …`, except those that are called wrong."""
    found: dict[str, list[int]] = {letter: [] for letter in choices.letters}
    for match in _INLINE_LABEL.finditer(text):
        if match[1] in found and len(found[match[1]]) < _MAX_LABELS:
            found[match[1]].append(match.start(1))
    return {letter for letter, places in found.items() if not all(denied(text, at, choices) for at in places)}


def last_word(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return the letter that is the last word of a sentence that decides something."""
    match = _LAST_WORD.search(text, max(0, len(text) - 40))
    if (
        match is None
        or match["letter"] not in choices.letters
        or _doubted(text[-200 : -len(match[0])], bool(match["strong"]))
    ):
        return None
    if part_of_term(text, match.start("letter")) or conditional(text, match.start("letter")):
        return None
    sentence = text[: match.start()][-400:].rstrip()
    sentence = sentence[max(sentence.rfind(". "), sentence.rfind("\n"), sentence.rfind("! ")) + 1 :]
    if not match["strong"] and not _DECISIVE.search(sentence):
        return None
    return ParsedAnswer(match["letter"], "last word")


def _doubted(before: str, strong: bool) -> bool:
    doubt = _DOUBT.search(before)
    # `It is not B, so D` ends with a new clause.
    new_clause = strong and _NEW_CLAUSE.search(before) and not _ALTERNATIVE.search(before)
    return doubt is not None and not new_clause


def letter_behind(text: str, choices: OptionTexts) -> ParsedAnswer | None:
    """Return D for a text that is only `Apixaban (D)`."""
    match = _LETTER_BEHIND.fullmatch(text) if len(text) < 120 else None
    if match is None or match[2].upper() not in choices.letters or _DOUBT.search(match[1]):
        return None
    if part_of_term(text, match.start(2)) or choices.named_in(match[1]) - {match[2].upper()}:
        return None
    return ParsedAnswer(match[2].upper(), "letter behind")
