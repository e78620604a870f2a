"""Phrases that deny an answer before or after it."""

import re
from typing import NamedTuple

from openmedlm.metrics.answer_parsing import foreign_phrases


class Phrase(NamedTuple):
    """Pattern for the text before an answer; a text with a match contains one of `words`, in lower case."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]


# Other letters of a list, and the marks before a letter.
_OPENING = r"(?:\(?(?-i:[A-Z])\)?(?:, (?:and |or |nor )?| (?:and|or|nor) |/)){0,6}[\"'“”‘’(\[]{0,3}$"
_UP_TO = r"\b(?:(?! (?:but|so|then|however|while)\b)[^.,;!?\n]){0,40}?"
_FILLER = (
    r"(?:(?:be|is|was|it['’]?s?|that|the|an?|my|our|your|correct|right|best|final|most|likely|appropriate|answers?|"
    r"options?|choices?|letter|really|actually|definitely|necessarily|simply|either|think|believe|say|saying|choose|"
    r"choosing|pick|select|go|going|with|for|to|here|would|should|could|case|true):? ){0,9}(?:\\?(?:boxed|fbox) ?\{ ?)?"
)
_THOUGHT = r"(?:thought|chose|said|considered|answered|selected|picked|leaned|guessed|assumed|believed|thinking)"
_SAY = (
    r"(?:say|says|said|think|thinks|thought|choose|chooses|chose|pick|picks|picked|select|selects|argue|argues|"
    r"believe|answer|answers|guess|claim|assume|go for)"
)
_NO_REASON = (
    r"(?!(?:so|then|thus|hence|therefore|and|but|because|while|leaving|making|is|are|was|were|statements?|one|pair|"
    r"match|combination|about|regarding)\b)"
)


def _phrase(words: str, pattern: str) -> Phrase:
    return Phrase(tuple(words.split("|")), re.compile(f"{pattern}{_OPENING}", re.IGNORECASE))


BEFORE = (
    # `not B`, `it can't be B`, `ruled out B`, `neither A nor B`
    _phrase(
        "not|n't|n’t|never|neither|nor|rather|instead|elimin|exclud|rul|reject|dismiss|discard",
        r"(?:(?:\b(?:not|never|cannot|neither|nor|rather than|instead of|eliminat\w{1,3}|exclud\w{1,3}|"
        rf"rul(?:e|es|ed|ing) out|reject\w{{0,3}}|dismiss\w{{0,3}}|discard\w{{0,3}})|n['’]t) {_FILLER})",
    ),
    # `the incorrect answer is B`; not `the incorrect statement is B`, which may be what the question asks for
    _phrase(
        "wrong|incorrect|false|mistak|error|misleading|tempting|trap|distract|second|runner|naive|worst|alternat|other|last",
        r"\b(?:naive|worst|(?:alternat\w{1,4}|other) (?:answer|option|choice)|last thing|wrong|incorrect|false|mistake|"
        r"mistaken|error|erroneous|misleading|tempting|trap|distractor|distracting|"
        rf"second[ -]best|runner[- ]up)(?: {_NO_REASON}[\w'’]+){{0,5}}"
        r"(?: (?:is|was|were|would be|might be|being)|s? ?[:=])? (?:the )?(?:(?:option|choice|letter|answer)s?:? )?",
    ),
    # `some would say B`, `students often choose B`
    _phrase(
        "some|other|they|many|student|people|trainee|candidate|test|examinee|might|could|may",
        r"\b(?:(?:some|others|they)|(?:(?:many|some|most|several|the|other) )?(?:students?|people|trainees|candidates|"
        r"test[ -]takers|examinees)|many|(?:one|you) (?:might|could|may))(?: \w+){0,3}? "
        rf"{_SAY}{_UP_TO}",
    ),
    # `you said B`, `the user claims that B`
    _phrase(
        "you|user|author|doctor|nurse|student|key",
        r"\b(?:you|the (?:user|author|doctor|nurse|student|prompt|answer key|key))(?: have| had)? "
        rf"(?:said|says|stated|states|claim(?:s|ed)?|suggest(?:s|ed)?|propos(?:es|ed)|thought|chose|picked){_UP_TO}",
    ),
    # `my first answer was B`, `my first guess: B`
    _phrase(
        "first|initial|original|previous|earlier|old|gut",
        r"\b(?:(?:first|initial|original|previous|earlier|old) (?:\w+ )?(?:answer|choice|option|response|pick) "
        r"(?:was|had been)|(?:first|initial|original|previous) (?:answer|choice|response)(?= ?:)|"
        r"(?:first|initial|original|gut) "
        rf"(?:thought|guess|instinct|impression|reaction|hunch|idea|inclination)|my gut){_UP_TO}",
    ),
    # `I initially thought B`, `I considered B`, `I was going to say B`
    _phrase(
        "thought|chose|said|consider|answered|selected|picked|leaned|guess|assum|believed|thinking",
        rf"\b(?:(?:initially|originally|at first),? (?:I |we )?|(?:I|we) (?:(?:initially|originally|first|had|was|were|"
        rf"also) )?){_THOUGHT}{_UP_TO}",
    ),
    _phrase(
        "tempt|going to|inclined to|about to",
        rf"\b(?:(?:I|we) (?:was|were) (?:going|tempted|inclined|about) to|tempt(?:ed|ing) to){_UP_TO}",
    ),
    # `I would have said B`, `the answer would have been B`
    _phrase("have", rf"(?:\b(?:would|could|might|may)|['’]d) have (?:been|{_THOUGHT}){_UP_TO}"),
)
FOREIGN_BEFORE = re.compile(f"{foreign_phrases.DENIED_BEFORE}{_OPENING}", re.IGNORECASE)
UNREAL = re.compile(r"\b(?:would|could|might|may|sería|seria|wäre|serait|sarebbe)\b[^.!?\n]{0,80}$", re.IGNORECASE)

_CLOSE = r"[\"'”’)\]]{0,3}(?: (?:option|choice|answer))?"
_ADVERBS = r"(?: (?:\w{2,12}ly|also|just|still|thus|too|indeed)){0,2}"
_NOT_CORRECT = (
    r"not (?:quite |actually |really )?(?:correct|right|true|the (?:correct|right|best|answer|case|most)|appropriate|"
    r"indicated|valid|possible|suitable|likely|so\b)"
)
_WRONG = rf"(?:{_NOT_CORRECT}|incorrect|wrong|false|a mistake|mistaken)"
_BE = r"(?:is|was|are|were|seems?|looks?|appears?(?: to be)?|(?:would|can|could|may|might|must|should|has to) be|being)"
_NO_PLURAL = r"(?! ?(?:options?|answers?|choices?|ones?|statements?)\b| ?:? ?\(?(?-i:[A-Z])\b)"
_NEXT = r"[.,;:!?…–—-]{0,3}[ \n]?\(?(?:(?:hmm|but|however|yet|though|although),? ){0,2}"
_MISTAKE = r"(?:distractor|trap|wrong|poor|bad|mistake|misconception|incorrect|error)"

AFTER = re.compile(
    rf"{_CLOSE}(?:"
    # `B is incorrect`, `B isn't`, `B can be ruled out`
    rf",? {_BE}{_ADVERBS} (?:not(?! (?:only|just|simply))|incorrect|wrong|false|untrue|unlikely|mistaken|inappropriate|"
    r"impossible|implausible|excluded|eliminated|ruled out|rejected|discarded|dismissed|tempting|out\b(?! of)|less|"
    rf"often (?:chosen|picked|selected)|my (?:first|initial|original)|an? (?:common )?{_MISTAKE}|"
    r"the (?:wrong|incorrect|distractor)|no longer)\b|"
    r"(?-i: ?(?:is|was|are|does|do|did|can|could|would|should|will|wo|has|have|ca)n['’]t\b)|"
    r"(?-i: (?:cannot|can not|must not|(?:does|did|do|could|should|would|will|has|have) not|fails)\b)|"
    # `B: wrong`, `B - not correct`, `(B) ruled out`
    rf" ?[.:,;?!–—-]? ?[-–—]? ?[(\[]?(?:incorrect|wrong|nope)\b{_NO_PLURAL}|"
    r" ?[:–—-] ?no(?=[.,;!\n]|$)|"
    rf" ?[.:?!–—-]? ?[-–—]? ?\(?{_NOT_CORRECT}|"
    r" ?[.:,;–—-]? ?\(?(?:excluded|eliminated|ruled out|rejected)(?=\s?(?:[.,;:)!]|because|since|as\b|by\b|$))|"
    r"[).:]{1,2}\n(?:incorrect|wrong|not correct)(?=[.,;!\n]| (?:because|since|as)\b|$)|"
    # `B. This is not correct`, `B, which is wrong`, `B. It is not.`
    rf"{_NEXT}(?:this|that|it|which)(?: (?:option|choice|answer|one))?"
    rf"(?:(?: (?:is|was|would be)|['’]s){_ADVERBS} (?:{_WRONG}|an? {_MISTAKE}|not ?(?:[.!\n)]|$))|"
    r" (?:(?:is|was|ca|does|wo|could|would)n['’]t|cannot|does not)(?= ?(?:[.!\n)]|$)| (?:be |seem |look )?"
    r"(?:right|correct|true|fit|match|work|make sense|the answer|it)\b))|"
    # `B? No`, `B. Sorry, I meant D`
    r" ?(?:\?[ \n]{0,2}|(?:[!…]|\.\.\.?) ?)(?:no|nope|not)\b(?! doubt)|"
    r"[.,;:–—-]{1,3} ?(?:oh |oops |hmm,? )?no[,.]? (?:wait|that|it|sorry|actually|I)\b|"
    r"[.,;:!?…–—-]{0,3}[ \n]{1,2}(?:wait,? (?:no|that)|sorry(?! for)|oops|\(?edit\b|correction\b|my mistake|"
    r"(?:scratch|strike|ignore|disregard|forget) that|"
    r"(?:but )?(?:actually,? )?I (?:meant|made a mistake|take that back|was wrong|misread)|"
    r"on (?:second thought|reflection)|"
    rf"but (?:no\b|(?:this|that|it)(?: (?:is|was)|['’]s) {_WRONG}))|"
    rf"{foreign_phrases.DENIED_AFTER})",
    re.IGNORECASE,
)
CROSSED = re.compile(r"[\"'”’)\]. :]{0,4}[✗✘❌❎🚫✖]")
CONDITION_AFTER = re.compile(
    rf"{_CLOSE},?(?: (?:would|could|might|may)\b[^.!?\n]{{0,60}})? "
    rf"(?:if|had|were|unless|provided|assuming|in case|but|except|{foreign_phrases.CONDITIONAL_AFTER})\b",
    re.IGNORECASE,
)
# `B. Heparin is incorrect`, `B. Heparin: wrong`, at the start of a line
LABELLED = re.compile(
    r"[).:]{1,2} (?:(?!(?i:\b(?:is|are|was|were|because|since|as|while|so|but)\b)|\b[A-Z]\b)[^.\n]){1,80}"
    rf"(?i: (?:is|are|was|were){_ADVERBS} (?:{_WRONG}|ruled out|excluded|unlikely|inappropriate)\b|"
    rf"[.:–—-]{{1,2}} ?(?:this (?:option )?is )?(?:incorrect|wrong|{_NOT_CORRECT})\b{_NO_PLURAL})"
)
# Stricter than `AFTER`: `Heparin is not given by mouth` may be a reason.
TEXT_WRONG = re.compile(
    rf"[\"'”’)\]]{{0,3}}(?:,? (?:is|was|are|were|can be|would be){_ADVERBS} (?:{_WRONG}|unlikely|excluded|ruled out)\b|"
    rf" ?[.:,;?!–—-]{{1,2}} ?(?:(?:this|that|it|which) is )?\(?(?:incorrect|wrong|{_NOT_CORRECT})\b{_NO_PLURAL}|"
    r" ?[(\[](?:incorrect|wrong)[)\]]| ?\?[ \n]{0,2}(?:no|not)\b| ?[✗✘❌❎🚫✖])",
    re.IGNORECASE,
)
TAKES_BACK = re.compile(
    r"\b(?:wait|actually|but|however|no|sorry|hmm|second thought|reflection|in fact)\b[^.\n]{0,60}$", re.IGNORECASE
)
CALLED_WRONG = re.compile(
    rf"{_CLOSE} (?:is|was|can be|must be|would be){_ADVERBS} (?:{_WRONG}|ruled out|excluded)\b", re.IGNORECASE
)
