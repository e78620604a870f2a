"""Marks that models write around their thoughts, and the search for them in a completion."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class ThoughtMark:
    """Marks around the thoughts of a model family.

    Attributes:
        family: Models that write these marks.
        opening: Mark that begins the thoughts. A listed one without brackets counts only at the start of a completion.
        closing: Mark that ends the thoughts.
        final: Mark that begins the answer, if the family has one; it also ends the thoughts.
        alone: True if the closing mark counts without an opening one, which many chat templates write themselves.
    """

    family: str
    opening: str
    closing: str
    final: str = ""
    alone: bool = True


def _tags(family: str, *words: str) -> tuple[ThoughtMark, ...]:
    return tuple(ThoughtMark(family, f"<{word}>", f"</{word}>") for word in words)


# Sources: vllm/reasoning/*.py, sglang/srt/parser/reasoning_parser.py and llama.cpp common/parsers/*.cpp (2026), unless
# a comment names another one. Letter case, white space and attributes of bracket marks do not matter.
MARKS: tuple[ThoughtMark, ...] = (
    # Also DeepSeek, QwQ, Nemotron, MiniMax-M2, GLM, Kimi K2, Hunyuan (`<think:SUFFIX>`), ERNIE, Granite 3.3 and 4.2,
    # EXAONE 4, OLMo 3, Step, Ling, MiMo, Baichuan-M2, Phi-4-reasoning, SmolLM3, Skywork, dots, Magistral 2506.
    *_tags("Qwen3 and most others", "think"),
    # Reflection, Claude prompts, EXAONE Deep, Marco-o1, Open WebUI's list of reasoning tags.
    *_tags("models that are prompted or tuned to use tags", "thinking", "thought", "thoughts", "reason", "reasoning"),
    *_tags("models that are prompted or tuned to use tags", "reflection", "analysis", "scratchpad", "inner_monologue"),
    *_tags("models that are prompted or tuned to use tags", "antthinking", "inner_thoughts", "chain_of_thought", "cot"),
    *_tags("models that are prompted or tuned to use tags", "thought_process", "thinking_process", "budget:thinking"),
    *_tags("Seed-OSS", "seed:think"),
    *_tags("MiniMax-M3", "mm:think"),
    *_tags("LongCat", "longcat_think"),
    *_tags("K2 Horizon", "ifm|think", "ifm|think_fast", "ifm|think_faster"),
    ThoughtMark("Magistral, Ministral, Mistral Small 4", "[THINK]", "[/THINK]"),
    ThoughtMark("Kimi-VL, Kimi 1.5", "◁think▷", "◁/think▷"),
    # ollama issue 15754; without its tokens only the label remains.
    ThoughtMark("MedGemma", "<unused94>", "<unused95>"),
    ThoughtMark("MedGemma without its opening token", "thought\n", "<unused95>"),
    ThoughtMark("openPangu", "[unused16]", "[unused17]"),
    ThoughtMark("Gemma 4", "<|channel>", "<channel|>"),
    ThoughtMark("Gemma 4 without its opening token", "thought\n", "<channel|>"),
    # Harmony format; LLM-jp-4.1 adds a space after each token. `<|end|>` ends a message, not the completion.
    ThoughtMark(
        "gpt-oss, LLM-jp-4.1",
        "<|channel|>analysis<|message|>",
        "<|end|>",
        "<|channel|>final<|message|>",
        alone=False,
    ),
    ThoughtMark(
        "gpt-oss, LLM-jp-4.1",
        "<|channel|>commentary<|message|>",
        "<|end|>",
        "<|channel|>final<|message|>",
        alone=False,
    ),
    # A server that removes special tokens joins the channel names to the text (textgen issue 7374).
    ThoughtMark("gpt-oss without its tokens", "analysis", "assistant final"),
    ThoughtMark("gpt-oss without its tokens", "commentary", "assistant final"),
    ThoughtMark(
        "Muse Glimmer",
        "<|start|>assistant to=self<|message|>",
        "<|eom|>",
        "<|start|>assistant to=user<|message|>",
        alone=False,
    ),
    ThoughtMark("Muse Glimmer", "to=self<|message|>", "<|eom|>", "<|start|>assistant to=user<|message|>", alone=False),
    ThoughtMark("Inkling", "<|content_thinking|>", "<|end_message|>", "<|content_text|>", alone=False),
    ThoughtMark("Kimi K3", "<|open|>think<|sep|>", "<|close|>think<|sep|>", "<|open|>response<|sep|>"),
    ThoughtMark("Cohere Command A Reasoning", "<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>"),
    ThoughtMark("Cohere Command A Plus", "<|START_THINKING|>", "<|END_THINKING|>", "<|START_TEXT|>"),
    # Open WebUI's list of reasoning tags; Sky-T1 writes the same.
    ThoughtMark("OpenThinker", "<|begin_of_thought|>", "<|end_of_thought|>", "<|begin_of_solution|>"),
    ThoughtMark("Apertus", "<|inner_prefix|>", "<|inner_suffix|>"),
    # Evaluation code of s1 and of its medical variant m1.
    ThoughtMark("s1, m1", "<|im_start|>think", "<|im_start|>answer"),
    ThoughtMark("HyperCLOVA X SEED Think 14B", "/think\n", "<|im_end|> <|im_start|>assistant", alone=False),
    ThoughtMark("Granite 3.2", "Here is my thought process:", "Here is my response:", alone=False),
    ThoughtMark("Granite 3.2", "Here's my thought process:", "Here's my response:", alone=False),
    # Chat template of Apriel-1.6-15b-Thinker, which writes the opening mark.
    ThoughtMark("Apriel", "Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
    # Fine-tuning code of HuatuoGPT-o1.
    ThoughtMark("HuatuoGPT-o1", "## Thinking\n", "## Final Response\n", alone=False),
)

# The shapes of listed bracket marks. Each begins with a character that is rare in prose, so that the search is fast.
_SHAPE = re.compile(
    r"<\s{0,3}(?P<tag>/?\s{0,3}[a-z][\w:|.-]{0,40})(?:\s[^<>]{0,200})?>"
    r"|<\|channel\|>\s{0,3}(?P<channel>\w{1,20})[^<]{0,100}(?:<\|constrain\|>[^<]{0,40})?(?:<\|message\|>|\Z)"
    r"|<\|start\|>\s{0,3}assistant\s{1,3}to=(?P<recipient>\w{1,20})\s{0,3}<\|message\|>"
    r"|<\|(?P<section>(?:open|close)\|>\s{0,3}\w{1,20})[^<]{0,100}<\|sep\|>"
    r"|<\|im_start\|>\s{0,3}(?P<turn>think|answer)(?-i:(?![a-z]))"
    r"|<(?P<token>\|\s{0,3}\w{1,40}\s{0,3}\|?|\w{1,40}\|)>"
    r"|&lt;\s{0,3}(?P<escaped>/?\s{0,3}[a-z][\w:|.-]{0,40})(?:\s[^<>&]{0,200})?&gt;"
    r"|\[\s{0,3}(?P<bracket>/?\s{0,3}[a-z][\w ]{0,40})\]"
    r"|◁\s{0,3}(?P<triangle>/?\s{0,3}\w{1,40})\s{0,3}▷",
    re.IGNORECASE,
)
_FORMS = {
    "channel": "<|channel|>{}<|message|>",
    "recipient": "<|start|>assistantto={}<|message|>",
    "section": "<|{}<|sep|>",
    "turn": "<|im_start|>{}",
    "token": "<{}>",
    "tag": "<{}>",
    "escaped": "<{}>",
    "bracket": "[{}]",
    "triangle": "◁{}▷",
}
_SPACE = re.compile(r"\s+")
_SUFFIX = re.compile(r"(?<=think):[0-9a-f]{6,12}(?=>)")
_QUOTES = "\"'`“”‘’«»"
_BETWEEN = re.compile(r"…|\.\.\.")


class Token(NamedTuple):
    """Mark found in a completion: its range, and its name without case, white space and attributes."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Marks to look for.

    Attributes:
        openings: Name of an opening mark to its thought mark.
        closings: Name of a closing mark to whether it counts alone.
        finals: Names of the marks that begin an answer.
        phrases: Marks that are no listed bracket marks, as they are searched for.
        names: All names.
    """

    openings: dict[str, ThoughtMark]
    closings: dict[str, bool]
    finals: frozenset[str]
    phrases: tuple[str, ...]
    names: frozenset[str]


def parse_thought_mark(text: str) -> ThoughtMark:
    """Return the marks that a user writes as `OPEN…CLOSE`, with the character `…` or three dots between them.

    Raises:
        ValueError: A mark is missing, has no letter, or equals the other one; or the text has several `…`.

    Example:
        >>> parse_thought_mark("<ponder>…</ponder>").closing
        '</ponder>'
    """
    parts = [part.strip() for part in _BETWEEN.split(text)]
    usable = len(parts) == 2 and all(re.search(r"[^\W_]", part) for part in parts)
    if not usable or name_of(parts[0]) == name_of(parts[1]):
        raise ValueError(
            f"invalid thought mark: {text!r}. Write the opening and the closing mark with … or ... between them, "
            "for example '<ponder>…</ponder>'."
        )
    return ThoughtMark("user", parts[0], parts[1])


@lru_cache(maxsize=1_024)
def name_of(mark: str) -> str:
    """Return the name of a mark: without letter case, white space and attributes."""
    match = _SHAPE.fullmatch(mark.strip())
    if match is None or match.lastgroup is None:
        return _SPACE.sub("", mark.lower()).rstrip(":*")
    inner = _SPACE.sub("", match[match.lastgroup].lower())
    return _SUFFIX.sub("", _FORMS[match.lastgroup].format(inner))


def is_bracket_mark(mark: str) -> bool:
    """Return True if a mark has the shape of a listed bracket mark, which counts anywhere in a completion."""
    return _SHAPE.fullmatch(mark.strip()) is not None


@lru_cache(maxsize=64)
def vocabulary(extra: tuple[ThoughtMark, ...] = ()) -> Vocabulary:
    """Return the listed bracket marks and these further marks, by name; of equal names the first listed one counts."""
    known = (*extra, *(mark for mark in MARKS if is_bracket_mark(mark.opening)))
    openings = {name_of(mark.opening): mark for mark in reversed(known)}
    alone = {
        name_of(mark.closing)
        for mark in (*known, *MARKS)
        if mark.alone and (mark in known or is_bracket_mark(mark.closing))
    }
    closings = {name: name in alone for name in (*alone, *(name_of(mark.closing) for mark in known))}
    finals = frozenset(name_of(mark.final) for mark in known if mark.final)
    written = (part for mark in extra for part in (mark.closing, *((mark.opening,) if mark not in MARKS else ())))
    # The longest one goes first, since one mark may begin like another.
    phrases = tuple(sorted({part for part in written if not is_bracket_mark(part)}, key=len, reverse=True))
    return Vocabulary(openings, closings, finals, phrases, frozenset((*openings, *closings, *finals)))


def find_marks(completion: str, known: Vocabulary) -> list[Token]:
    """Return the marks in a completion, in order, except those between quotation marks."""
    return [
        Token(match.start(), match.end(), name)
        for match in _search(known.phrases).finditer(completion)
        if (name := name_of(match[0])) in known.names and not _quoted(completion, match.start(), match.end())
    ]


def phrase_pattern(phrase: str) -> str:
    """Return the pattern of a mark that is words: white space is flexible, a single lower-case word keeps its case."""
    bare = phrase.replace(" ", "").strip().isalpha() and phrase.islower()
    gap = r"\s*" if bare else r"\s+"
    words = gap.join(map(re.escape, phrase.split()))
    if phrase.endswith("\n"):
        words += r"[ \t:*]*(?:\n|\Z)"
    return f"(?-i:{words})" if bare else words


@lru_cache(maxsize=64)
def _search(phrases: tuple[str, ...]) -> re.Pattern[str]:
    if not phrases:
        return _SHAPE
    return re.compile("|".join([*map(phrase_pattern, phrases), _SHAPE.pattern]), re.IGNORECASE)


def _quoted(completion: str, start: int, end: int) -> bool:
    return start > 0 and end < len(completion) and completion[start - 1] in _QUOTES and completion[end] in _QUOTES
