"""Server on loopback of a model that thinks before it answers, in the styles of several families and servers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from model_server import Asked, ModelServer, Reply

ENDLESS_WORDS = 20_000
"""Words of thoughts that never end, for a request without a token limit."""

_LEVELS = {"minimal": 0.25, "low": 0.25, "medium": 1.0, "high": 2.0}
"""Reasoning effort, and the factor of the words that it gives the thoughts."""

_OPTION = re.compile(r"^([A-J])\. (.+)$", re.MULTILINE)
_SENTENCE = "We compare the findings of this patient with each of the options."


@dataclass(frozen=True)
class Style:
    """Form of thoughts in a completion.

    Attributes:
        opening, closing: Marks around the thoughts in the text; empty if the server separates the thoughts.
        message: Fields of the chat message, from the thoughts and the answer; None if all is in the text.
        counted: Whether the server reports the tokens of the thoughts.
    """

    opening: str = ""
    closing: str = ""
    message: Callable[[str, str], Mapping[str, Any]] | None = None
    counted: bool = False


def _parts(thoughts: str, answer: str) -> Mapping[str, Any]:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": thoughts}]}
    return {"content": [thinking] + ([{"type": "text", "text": answer}] if answer else [])}


STYLES: Mapping[str, Style] = {
    "tags": Style("<think>\n", "\n</think>\n\n"),
    "closed only": Style("", "\n</think>\n\n"),
    "brackets": Style("[THINK]", "[/THINK]"),
    "channels": Style("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "headings": Style("## Thinking\n\n", "\n\n## Final Response\n\n"),
    "field": Style(message=lambda thoughts, answer: {"reasoning_content": thoughts, "content": answer or None}),
    "renamed field": Style(message=lambda thoughts, answer: {"reasoning": thoughts, "content": answer or None}),
    "parts": Style(message=_parts),
    "hidden": Style(message=lambda _, answer: {"content": answer}, counted=True),
}
"""Style by name; `field` and `renamed field` are vLLM's reasoning parsers, `parts` Mistral's API, `hidden` OpenAI's."""


class ThinkingServer(ModelServer):
    """Server of a model that thinks, unless a request turns that off. A token is a word.

    The thoughts name a wrong letter first and the answer last, so a letter from a completion that was cut off is wrong.
    Like vLLM, the server stops at a stop text inside the thoughts, and constrains only what follows them.

    Args:
        style: Name of a style in `STYLES`.
        thought_words: Words of the thoughts at medium effort.
        answer: Function from the question as shown, options included, to its letter.
        written: Visible answer; field: `letter`. It may hold reasoning.
        never_ends: Whether the thoughts fill every token limit.
        thinks: Whether the model thinks where the request says nothing about it.
        obeys: Whether a request can turn thinking off or on, and set its effort.

    Example:
        >>> with ThinkingServer("tags", thought_words=600, answer=lambda question: "B") as server:
        ...     print(server.reply(Asked("", {"messages": [], "max_tokens": 32}, None, 0.0)).finish_reason)
        length
    """

    def __init__(
        self,
        style: str = "tags",
        thought_words: int = 600,
        answer: Callable[[str], str] = lambda question: "A",
        written: str = "Answer: {letter}",
        *,
        never_ends: bool = False,
        thinks: bool = True,
        obeys: bool = True,
    ) -> None:
        super().__init__()
        self.style = STYLES[style]
        self.thought_words = thought_words
        self.answer = answer
        self.written = written
        self.never_ends = never_ends
        self.thinks = thinks
        self.obeys = obeys
        self.reply = self._reply

    def _reply(self, asked: Asked) -> Reply:
        question = _question(asked.prompt)
        letter = self.answer(question)
        allowed = _allowed(asked.body)
        answer = self.written.format(letter=letter) if allowed is None else _constrained(letter, allowed)
        words = self._words(asked.body)
        thoughts = _thoughts(question, letter, words) if words else []
        return self._cut(asked.body, thoughts, answer)

    def _words(self, body: Mapping[str, Any]) -> int:
        """Return the number of words of the thoughts, which the request may change."""
        switches = body.get("chat_template_kwargs") or {}
        switch = switches.get("enable_thinking", switches.get("thinking"))
        effort = body.get("reasoning_effort", switches.get("reasoning_effort"))
        asked_for = effort != "none" if effort is not None else switch
        if body.get("continue_final_message"):
            return 0  # the message holds the thoughts, closed
        if not (self.thinks if asked_for is None or not self.obeys else asked_for and switch is not False):
            return 0
        if self.never_ends:
            return ENDLESS_WORDS
        return round(self.thought_words * (_LEVELS.get(effort, 1.0) if self.obeys else 1.0))

    def _cut(self, body: Mapping[str, Any], thoughts: list[str], answer: str) -> Reply:
        """Return the reply that the token limit and the stop texts leave of the thoughts and the answer."""
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or ENDLESS_WORDS
        kept, left = thoughts[:limit], limit - len(thoughts)
        answer, cut = _first_words(answer, max(left, 0))
        finish_reason = "length" if cut or len(kept) < len(thoughts) or (self.never_ends and thoughts) else "stop"
        ended = bool(thoughts) and left > 0 and not self.never_ends
        reasoning = " ".join(kept)
        for stop in body.get("stop") or ():
            if stop in reasoning:
                reasoning, answer, finish_reason, ended = reasoning[: reasoning.index(stop)], "", "stop", False
            elif answer.find(stop) > 0:
                answer, finish_reason = answer[: answer.index(stop)], "stop"
        tokens, counted = len(reasoning.split()) + len(answer.split()), len(reasoning.split())
        style = self.style
        if not reasoning:
            return Reply(answer, finish_reason, tokens=tokens, reasoning_tokens=0 if style.counted else None)
        if style.message is not None and "messages" in body:
            shown = style.message(reasoning, answer)
            return Reply(
                answer, finish_reason, message=shown, tokens=tokens, reasoning_tokens=counted if style.counted else None
            )
        opening, closing = (style.opening, style.closing) if style.closing else ("", "\n</think>\n\n")
        return Reply(opening + reasoning + (closing + answer if ended else ""), finish_reason, tokens=tokens)


def _question(prompt: Any) -> str:
    """Return the last part of a prompt that shows options."""
    if isinstance(prompt, str):
        return prompt[prompt.rfind("Question:") :]
    shown = [message["content"] for message in prompt if message["role"] == "user"]
    return next((text for text in reversed(shown) if _OPTION.search(text)), shown[-1] if shown else "")


def _thoughts(question: str, letter: str, words: int) -> list[str]:
    """Return that many words, which name a wrong letter first and the answer last."""
    options = dict(_OPTION.findall(question))
    wrong = next((each for each in options if each != letter), "B" if letter == "A" else "A")
    opening, ending = f"At first the answer is {wrong}.".split(), f"So the answer is {letter}.".split()
    middle = max(words - len(opening) - len(ending), 0)
    return [*opening, *islice(cycle(_SENTENCE.split()), middle), *ending]


def _allowed(body: Mapping[str, Any]) -> list[str] | None:
    """Return the texts that the request constrains the answer to; None without a constraint."""
    if choice := (body.get("structured_outputs") or {}).get("choice"):
        return list(choice)
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or {}
    letters = (schema.get("properties") or {}).get("answer", {}).get("enum")
    return None if letters is None else [f'{{"answer": "{each}"}}' for each in letters]


def _constrained(letter: str, allowed: list[str]) -> str:
    return next((each for each in allowed if re.search(rf"\b{letter}\b", each)), allowed[0])


def _first_words(text: str, count: int) -> tuple[str, bool]:
    """Return the first words of a text, white space between them included, and whether any is left out."""
    words = list(re.finditer(r"\S+", text))
    if len(words) <= count:
        return text, False
    return text[: words[count - 1].end()] if count else "", True
