"""Thoughts whose marks are in no list: a paired bracket mark that begins the completion, or a pair of headings."""

import re

from openmedlm.metrics.answer_parsing.thought_marks import ThoughtMark

_MIRROR = str.maketrans("<[({«‹⟨◁【〈《「『", ">])}»›⟩▷】〉》」』")
# `<word>`, `[[word]]`, `<|word|>`, `&lt;word&gt;`, or the same signs on both sides: `$word$`, `---word---`.
_OPENING = re.compile(
    r"(?:(?P<left>&lt;|[<\[({«‹⟨◁【〈《「『]{1,4}\|?)|(?P<signs>[$%@]{1,3}|[-=#~:+^]{2,6}))[ \t]{0,2}"
    r"(?P<word>[^\W\d_][\w:|.-]{0,40}?)(?P<attributes>\s[^<>\n]{1,120}?)?[ \t]{0,2}"
    r"(?P<right>\|?[>\])}»›⟩▷】〉》」』]{1,4}|&gt;|(?P=signs))"
)
_COMMENT = re.compile(r"<!--|`{3,}[ \t]?(?P<word>[a-z_ -]{3,30})\n", re.IGNORECASE)
_UNUSED = re.compile(r"(unused_?)(\d+)", re.IGNORECASE)
_BEGIN = re.compile(
    r"^(?:begin|start|open)[_-]?(?:of[_-]?)?(?=\w)|(?<=\w)[_-](?:begin|start|open|prefix)$", re.IGNORECASE
)
_WORDS = re.compile(r"[^\W\d_]+")

_ANSWER = re.compile(
    r"(?:answers?|ans|final|responses?|reply|output|solutions?|results?|conclusions?|choices?|chosen|options?|letters?|"
    r"select\w*|pick\w*|predict\w*|verdict|decision|diagnos\w+|correct|box|boxed|antwort|respuesta|réponse|reponse|答案)",
    re.IGNORECASE,
)
# Words of markup and of chat templates: no thoughts, unless a word for thinking is next to them.
_MARKUP = re.compile(
    r"(?:b|i|u|p|a|q|s|em|strong|span|div|br|hr|img|sub|sup|mark|small|font|center|code|pre|kbd|ul|ol|li|dl|dt|dd|h\d?|"
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
    r"private|draft|plan|cot$|chain|pens|racioc|размышл|wonder|debat|introspect|self|trace|mind|brain|sketch|unused)",
    re.IGNORECASE,
)
_THINKS = re.compile(r"think|thought|ponder|monolog|scratch|denk|思", re.IGNORECASE)
_IN_A_SENTENCE = re.compile(r"\s*(?:[.,;:)(\]]|(?:is|was|are|were|because|since|due|would|should|as|for|and|or)\b)")
_BARE_ANSWER = re.compile(
    r"\W*(?:(?:final\s)?answer\W+|option\s)?[a-z](?:[.):]\s?\w[\w-]*(?:\s[\w-]+){0,3})?\W*", re.IGNORECASE
)

# Quotation marks and brackets that prose puts around a word.
_WORDY = frozenset("«‹({「『【")

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
    """Return the mark that begins the completion, with its closing mark; None if it marks no thoughts."""
    opening = _OPENING.match(completion, start)
    if opening is None:
        return _comment_mark(completion, start)
    left, right = opening["left"] or opening["signs"], opening["right"]
    paired = opening["signs"] or right == _mirror(left) or (left, right) == ("<|", ">")
    if not paired or (opening["attributes"] and left not in ("<", "&lt;")):
        return None
    word = _BEGIN.sub("", opening["word"])
    words = _WORDS.findall(word)
    thinking = any(_THINKING.search(part) for part in words)
    if any(_ANSWER.fullmatch(part) for part in words):
        return None
    if not thinking and (len(word) < 2 or opening["signs"] or any(_MARKUP.fullmatch(part) for part in words)):
        return None
    closing = _closing_pattern(left, right, opening["word"], word).search(completion, opening.end())
    closing = closing or _answer_pattern(left, right).search(completion, opening.end())
    inside = completion[opening.end() : closing.start() if closing else len(completion)]
    if not re.search(r"\w", inside) or is_bare_answer(inside):
        return None
    if closing is None:
        counts = _is_unclosed(opening, words, inside, thinking=thinking)
    else:  # A mark with an unknown word may surround the whole answer.
        counts = thinking or re.search(r"\w", completion[closing.end() :]) is not None
    ending = closing[0] if closing else f"{left}/{word}{right}"
    return ThoughtMark("unlisted", opening[0], ending, alone=False) if counts else None


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


def _comment_mark(completion: str, start: int) -> ThoughtMark | None:
    """Return the mark of a comment, or of a code block that is called thoughts, before the answer."""
    opening = _COMMENT.match(completion, start)
    if opening is None:
        return None
    if opening["word"]:
        thinks = _THINKING.search(opening["word"])
        return ThoughtMark("unlisted", opening[0].strip(), "```", alone=False) if thinks else None
    named = _THINKING.match(completion[opening.end() :][:20].lstrip())
    after = completion[opening.end() :].partition("-->")[2]
    return ThoughtMark("unlisted", "<!--", "-->", alone=False) if named or re.search(r"\w", after) else None


def _mirror(left: str) -> str:
    return "&gt;" if left == "&lt;" else left.translate(_MIRROR)[::-1]


def _closing_pattern(left: str, right: str, whole: str, base: str) -> re.Pattern[str]:
    left, right = re.escape(left), re.escape(right)
    unused = _UNUSED.fullmatch(base)
    if unused is not None:
        return re.compile(rf"{left}{unused[1]}{int(unused[2]) + 1}{right}", re.IGNORECASE)
    whole, base = re.escape(whole), re.escape(base)
    end = r"(?:end|stop|close)"
    inner = rf"(?:/\s?(?:{whole}|{base})|{end}[_ -]?(?:of[_ -]?)?{base}|{base}[_ -](?:{end}|suffix))"
    bare = rf"(?-i:\b(?:END|STOP)[_ ](?:OF[_ ])?){base}\b"
    return re.compile(rf"{left}[ \t]?{inner}[ \t]?{right}|<{base}\|>|{bare}", re.IGNORECASE)


def _answer_pattern(left: str, right: str) -> re.Pattern[str]:
    """Return the pattern of a line that begins with a mark of the answer in the same style: `[Answer]`."""
    word = r"(?:final[ _-]?)?(?:answer|response|output|solution|conclusion|result|答案)"
    return re.compile(rf"^[ \t]*{re.escape(left)}[ \t]?{word}[ \t]?{re.escape(right)}", re.IGNORECASE | re.MULTILINE)


def _is_unclosed(opening: re.Match[str], words: list[str], inside: str, *, thinking: bool) -> bool:
    """Return True if a mark without its closing one begins thoughts: no heading, option or word of a sentence."""
    if _IN_A_SENTENCE.match(inside):
        return False
    if opening["signs"]:
        return opening["signs"][0] in "$%@"
    capitals = opening["left"] != "[" or opening["word"].isupper()
    if thinking:
        return capitals or any(_THINKS.search(part) for part in words)
    if not capitals or opening["left"] in _WORDY or opening["word"].istitle() or inside.startswith(" "):
        return False
    return not any(_VISIBLE.fullmatch(part) for part in words)


def _is_heading(match: re.Match[str]) -> bool:
    if match["rest"]:
        return ":" in match["end"]
    return bool(match["sign"] or match["final"] or ":" in match["end"])
