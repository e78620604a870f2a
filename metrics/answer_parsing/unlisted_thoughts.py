"""Thoughts whose marks are in no list: a paired bracket mark that begins the completion, or a pair of headings."""

import re

from openmedlm.metrics.answer_parsing.thought_marks import ThoughtMark

_PAIRS = {
    "<|": ("|>", ">"),
    "<<": (">>",),
    "<": (">",),
    "&lt;": ("&gt;",),
    "[": ("]",),
    "◁": ("▷",),
    "{{": ("}}",),
    "«": ("»",),
    "⟨": ("⟩",),
    "(((": (")))",),
}
_OPENING = re.compile(
    rf"(?P<left>{'|'.join(map(re.escape, _PAIRS))})\s{{0,2}}(?P<word>[^\W\d_][\w:|.-]{{1,40}}?)"
    rf"(?P<attributes>\s[^<>\n]{{1,120}})?\s{{0,2}}"
    r"(?P<right>\|>|>>|>|&gt;|\]|▷|\}\}|»|⟩|\)\)\))"
)
_UNUSED = re.compile(r"(unused_?)(\d+)", re.IGNORECASE)
_BEGIN = re.compile(
    r"^(?:begin|start|open)[_-]?(?:of[_-]?)?(?=\w)|(?<=\w)[_-](?:begin|start|open|prefix)$", re.IGNORECASE
)
_WORDS = re.compile(r"[^\W\d_]+")

# Words of marks around an answer, of markup, and of chat templates: never thoughts.
_NEVER = re.compile(
    r"(?:answers?|ans|final|responses?|reply|output|solutions?|results?|conclusions?|choices?|chosen|options?|letters?|"
    r"select\w*|pick\w*|predict\w*|verdict|decision|diagnos\w+|correct|box|boxed|antwort|respuesta|réponse|reponse|"
    r"b|i|u|p|a|q|s|em|strong|span|div|br|hr|img|sub|sup|mark|small|font|center|code|pre|kbd|ul|ol|li|dl|dt|dd|h\d?|"
    r"table|thead|tbody|tr|td|th|caption|html|head|body|xml|json|yaml|csv|latex|tex|math|markdown|md|text|blockquote|"
    r"section|article|header|footer|nav|main|form|input|button|label|style|script|iframe|meta|link|title|content|list|"
    r"paragraph|sentence|line|bullet|value|string|field|key|entry|score|class|name|"
    r"inst|sys|system|user|human|assistant|model|role|turn|im|eot|eom|eos|bos|pad|unk|sep|cls|mask|endoftext|"
    r"message|channel|tool|tools|call|function|header|id|reserved|special|image|vision|audio|video|docs?|document)",
    re.IGNORECASE,
)
# Words of visible parts of an answer: thoughts only if an answer follows the closing mark.
_VISIBLE = re.compile(
    r"(?:explanations?|explain|rationale|justification|details|questions?|context|summary|steps?|evidence|discussion|"
    r"comments?|notes?|background|case|patient|introduction|overview|work|data|root|item|mcq|quiz|exam|test|prompt|"
    r"instructions?|warning|disclaimer|update|edit|info|information|important|attention|alert|urgent|medical|clinical|"
    r"hints?|tips?|task|topic)",
    re.IGNORECASE,
)
# Stems of words that mean thinking, in the languages that models write.
_THINKING = re.compile(
    r"think|thought|reason|reflect|scratch|monolog|ponder|denk|gedank|überleg|réfl|reflex|razon|мысл|思|推理|考|"
    r"^(?:analy|deliberat|cogit|rumin|mus(?:e|ing)|contempl|consider|meditat|mull|brainstorm|inner|internal|hidden|"
    r"private|draft|plan|cot$|chain|pens|racioc|размышл)",
    re.IGNORECASE,
)
_IN_A_SENTENCE = re.compile(r"\s*(?:[.,;:)\]]|(?:is|was|are|were|because|since|due|would|should|as|for|and|or)\b)")
_BARE_ANSWER = re.compile(
    r"\W*(?:(?:final\s)?answer\W+|option\s)?[a-z](?:[.):]\s?\w[\w-]*(?:\s[\w-]+){0,3})?\W*", re.IGNORECASE
)

_SIGN = r"(?:#{1,6}[ \t]*|\*{2,3}|__)"
_ENDSIGN = r"(?:\*{2,3}|__)?[ \t]?:?[ \t]?(?:\*{2,3}|__)?"
_THOUGHT_HEADING = re.compile(
    rf"(?:{_SIGN}[ \t]?(?:(?:my|the|internal|inner)[ \t])?"
    r"(?:think(?:ing)?|thoughts?|reasoning|analysis|deliberation|scratchpad|monologue|chain[ -]of[ -]thought)"
    rf"(?:[ \t](?:process|steps?))?[ \t]?{_ENDSIGN}"
    rf"|(?:my[ \t]|the[ \t])?(?:thinking|thoughts?)(?:[ \t]process)?[ \t]?:)[ \t]*(?:\n|(?<=:[ \t])|(?<=:))",
    re.IGNORECASE,
)
_UNCLOSED_HEADING = re.compile(rf"#{{1,6}}[ \t]*thinking[ \t]?{_ENDSIGN}[ \t]*\n", re.IGNORECASE)
_FINAL_HEADING = re.compile(
    rf"^[ \t]{{0,3}}(?P<sign>{_SIGN})?[ \t]?(?:(?:my|the)[ \t])?(?P<final>final[ \t])?"
    r"(?P<word>answer|response|conclusion|decision|choice|solution|output|verdict|summary)[ \t]?"
    rf"(?P<end>{_ENDSIGN})[ \t]*(?P<rest>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)


def is_bare_answer(text: str) -> bool:
    """Return True if a text is only a letter or a short labelled option, which no thoughts are."""
    return len(text) < 200 and _BARE_ANSWER.fullmatch(text) is not None


def unlisted_mark(completion: str, start: int) -> ThoughtMark | None:
    """Return the bracket mark that begins the completion, with its closing mark; None if it marks no thoughts."""
    opening = _OPENING.match(completion, start)
    if opening is None or opening["right"] not in _PAIRS[opening["left"]]:
        return None
    if opening["attributes"] and opening["left"] not in ("<", "&lt;"):
        return None
    word = _BEGIN.sub("", opening["word"])
    words = _WORDS.findall(word)
    if any(_NEVER.fullmatch(part) for part in words):
        return None
    closing = _closing_pattern(opening, word).search(completion, opening.end())
    if closing is None:
        closing = _answer_pattern(opening).search(completion, opening.end())
    inside = completion[opening.end() : closing.start() if closing else len(completion)]
    if not re.search(r"\w", inside) or is_bare_answer(inside):
        return None
    if closing is None and not _is_unclosed(opening, words, inside):
        return None
    if closing is not None and not re.search(r"\w", completion[closing.end() :]) and _visible(words):
        return None
    ending = closing[0] if closing else f"{opening['left']}/{opening['word']}{opening['right']}"
    return ThoughtMark("unlisted", opening[0], ending, alone=False)


def heading_split(completion: str, start: int) -> tuple[str, int, int | None] | None:
    """Return the heading of thoughts that begins the completion, its end, and the start of the answer.

    None if there is no such heading, or if no heading of an answer follows: then the text is a visible explanation.
    Only a heading `# Thinking` without an answer means thoughts that were cut off: the start of the answer is None.
    """
    heading = _THOUGHT_HEADING.match(completion, start)
    if heading is None:
        return None
    finals = [match for match in _FINAL_HEADING.finditer(completion, heading.end()) if _is_heading(match)]
    if not finals:
        return (heading[0].strip(), heading.end(), None) if _UNCLOSED_HEADING.match(completion, start) else None
    named = [match for match in finals if match["final"]]
    final = (named or finals)[-1]
    # The parser knows an answer heading as a cue; any other one is no part of the answer.
    cut = not final["rest"] and final["word"].lower() != "answer"
    return heading[0].strip(), heading.end(), final.end() if cut else final.start()


def _closing_pattern(opening: re.Match[str], word: str) -> re.Pattern[str]:
    left, right = re.escape(opening["left"]), re.escape(opening["right"])
    unused = _UNUSED.fullmatch(word)
    if unused is not None:
        return re.compile(rf"{left}{unused[1]}{int(unused[2]) + 1}{right}", re.IGNORECASE)
    whole, base = re.escape(opening["word"]), re.escape(word)
    end = r"(?:end|stop|close)"
    inner = rf"(?:/\s?(?:{whole}|{base})|{end}[_ -]?(?:of[_ -]?)?{base}|{base}[_ -](?:{end}|suffix))"
    bare = rf"(?-i:\b(?:END|STOP)[_ ](?:OF[_ ])?){base}\b"
    return re.compile(rf"{left}\s?{inner}\s?{right}|<{base}\|>|{bare}", re.IGNORECASE)


def _answer_pattern(opening: re.Match[str]) -> re.Pattern[str]:
    """Return the pattern of a mark of the answer in the style of the opening mark: `[Answer]` after `[Reasoning]`."""
    left, right = re.escape(opening["left"]), re.escape(opening["right"])
    word = r"(?:final[ _-]?)?(?:answer|response|output|solution|conclusion|result)"
    return re.compile(rf"{left}\s?{word}\s?{right}", re.IGNORECASE)


def _is_unclosed(opening: re.Match[str], words: list[str], inside: str) -> bool:
    """Return True if a mark without its closing one begins thoughts, and is no option or word of a sentence."""
    if _IN_A_SENTENCE.match(inside):
        return False
    if any(_THINKING.search(part) for part in words):
        return True
    if opening["left"] in ("«", "[") and not (opening["left"] == "[" and opening["word"].isupper()):
        return False
    if opening["left"] in ("<", "&lt;") and opening["word"].istitle():
        return False
    return not _visible(words)


def _visible(words: list[str]) -> bool:
    return any(_VISIBLE.fullmatch(part) for part in words)


def _is_heading(match: re.Match[str]) -> bool:
    if match["rest"]:
        return ":" in match["end"]
    return bool(match["sign"] or match["final"] or ":" in match["end"])
