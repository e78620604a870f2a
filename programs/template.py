"""A message template: plain text pieces that turn exemplars and a question into a prompt.

A template is data, so that a program frozen today renders the same bytes under any later release of anything. It is
filled in one pass: text that looks like a placeholder inside a question stays text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from string import Formatter
from typing import Literal

from openmedlm.data import Question
from openmedlm.programs.exemplar import Exemplar

Messages = tuple[Mapping[str, str], ...]
Prompt = Messages | str
"""Chat messages (`role`, `content`), or one text for a completion endpoint."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before a question.

    Attributes:
        turns: whole chat messages; none for a completion prompt.
        lead: text right before the question, in its own message.
    """

    turns: Messages
    lead: str


@dataclass(frozen=True, slots=True)
class Style:
    """What differs between answering directly and reasoning first.

    Attributes:
        cue: closes the instructions; fields: `letters`.
        answer: what an exemplar's answer looks like; fields: `rationale`, `letter`.
        opening: what the model's answer is made to start with (completion endpoints only).
        stop: texts that end a completion.
    """

    cue: str
    answer: str
    opening: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """How a prompt is put together.

    Attributes:
        name: what `--template` calls it.
        kind: `chat` renders messages, one pair for each exemplar; `completion` renders one text.
        head: the instructions; fields: `instructions`, `cue`.
        context: paragraphs before the question, left out where there are none; fields: `context`.
        question: fields: `context` (as rendered), `question`, `options` (as rendered).
        option: a line of the options; fields: `letter`, `text`.
        direct, reasoning: the two styles of answering.
        closing: asks for the letter after reasoning that named none; fields: `letters`.
        separator: stands between the parts of a completion prompt.
        system: whether a chat's instructions are a system message; if not, they open the first user message, for models
            whose chat template refuses one.
    """

    name: str
    kind: Literal["chat", "completion"]
    head: str
    context: str
    question: str
    option: str
    direct: Style
    reasoning: Style
    closing: str
    separator: str = "\n\n"
    system: bool = True

    def style(self, reasoning: bool) -> Style:
        return self.reasoning if reasoning else self.direct

    def render(
        self, instructions: str, exemplars: Sequence[Exemplar], question: Question, *, reasoning: bool
    ) -> Prompt:
        """The prompt: instructions, then the exemplars, then the question.

        The question stands last, so that everything before it is the same for all votes on it and a server's prefix
        cache computes it once.
        """
        prefix = self.prefix(instructions, exemplars, tuple(question.options), reasoning=reasoning)
        return self.complete(prefix, question, reasoning=reasoning)

    def prefix(
        self, instructions: str, exemplars: Sequence[Exemplar], letters: Sequence[str], *, reasoning: bool
    ) -> Prefix:
        """What stands before any question with these letters."""
        style = self.style(reasoning)
        head = fill(self.head, instructions=instructions, cue=fill(style.cue, letters=listed(letters)))
        shown = [(self._question(e.question), self._answer(e, style)) for e in exemplars]
        if self.kind == "completion":
            pairs = [before + style.opening + answer for before, answer in shown]
            return Prefix((), "".join(part + self.separator for part in (head, *pairs)))
        if self.system:
            turns, lead = [_message("system", head)], ""
        else:
            turns, lead = [], head + self.separator
        for before, answer in shown:
            turns += [_message("user", lead + before), _message("assistant", answer)]
            lead = ""
        return Prefix(tuple(turns), lead)

    def complete(self, prefix: Prefix, question: Question, *, reasoning: bool) -> Prompt:
        """The prompt of a question after what stands before it."""
        asked = prefix.lead + self._question(question)
        if self.kind == "completion":
            return asked + self.style(reasoning).opening
        return (*prefix.turns, _message("user", asked))

    def close(self, prompt: Prompt, completion: str, letters: Sequence[str]) -> Prompt:
        """The prompt that asks for the bare letter, after a completion that named none."""
        closing = fill(self.closing, letters=listed(letters))
        if isinstance(prompt, str):
            return f"{prompt}{completion.rstrip()}\n{closing}"
        return (*prompt, _message("assistant", completion), _message("user", closing))

    def _question(self, question: Question) -> str:
        context = fill(self.context, context="\n".join(question.context)) if question.context else ""
        options = "\n".join(fill(self.option, letter=letter, text=text) for letter, text in question.options.items())
        return fill(self.question, context=context, question=question.question, options=options)

    def _answer(self, exemplar: Exemplar, style: Style) -> str:
        return fill(style.answer, rationale=exemplar.rationale or "", letter=exemplar.question.answer)


def fill(pattern: str, **values: str) -> str:
    """The pattern with each `{field}` replaced, once; braces inside the values stay as they are."""
    text, names = _compiled(pattern)
    return text % tuple([values[name] for name in names])


def listed(letters: Sequence[str] | Mapping[str, str]) -> str:
    """Letters as a phrase: `A, B, C or D`."""
    *others, last = letters
    return f"{', '.join(others)} or {last}" if others else last


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[str, tuple[str, ...]]:
    """The pattern with `%s` for each field, and the fields' names: what fills quickest."""
    pieces = [(literal.replace("%", "%%"), field) for literal, field, _, _ in Formatter().parse(pattern)]
    return "".join(text + "%s" * bool(field) for text, field in pieces), tuple(field for _, field in pieces if field)


def _message(role: str, content: str) -> Mapping[str, str]:
    return {"role": role, "content": content}


CHAT = Template(
    name="chat",
    kind="chat",
    head="{instructions} {cue}",
    context="{context}\n\n",
    question="{context}Question: {question}\n{options}",
    option="{letter}. {text}",
    direct=Style(cue="Reply with the letter of that option only: {letters}.", answer="{letter}"),
    reasoning=Style(
        cue='Think it through step by step, briefly. Then end with a line "Answer: " and the letter of that option: '
        "{letters}.",
        answer="{rationale}\n\nAnswer: {letter}",
    ),
    closing="Which option is right? Reply with its letter only: {letters}.",
)

CHAT_USER = replace(CHAT, name="chat-user", system=False)

PLAIN = Template(
    name="plain",
    kind="completion",
    head="{instructions}",
    context="{context}\n\n",
    question="{context}Question: {question}\n{options}\n",
    option="{letter}. {text}",
    direct=Style(cue="", answer=" {letter}", opening="Answer:", stop=("\n",)),
    reasoning=Style(
        cue="",
        answer=" {rationale}\nAnswer: {letter}",
        opening="Explanation: Let's think step by step.",
        stop=("\nQuestion:", "\n\n\n"),
    ),
    closing="Answer:",
)

TEMPLATES = {template.name: template for template in (CHAT, CHAT_USER, PLAIN)}
