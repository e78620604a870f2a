"""Prompt templates: text patterns that turn exemplars and a question into a prompt.

A template is data, so that a program frozen today renders the same bytes under any later release of any package. It is
filled in one pass: text inside a question that looks like a placeholder stays text.
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
    """Part of a prompt before the question.

    Attributes:
        turns: Whole chat messages; none in a completion prompt.
        lead: Text directly before the question, in the same message.
    """

    turns: Messages
    lead: str


@dataclass(frozen=True, slots=True)
class Style:
    """Patterns of an answer style: direct answer or reasoning first.

    Attributes:
        cue: End of the instructions; fields: `letters`.
        answer: Answer of an exemplar; fields: `rationale`, `letter`.
        opening: Start of the model's answer, part of the prompt (completion endpoints only).
        stop: Texts that end a completion.
    """

    cue: str
    answer: str
    opening: str = ""
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """Patterns of a prompt.

    Attributes:
        name: Name, as `--template` takes it.
        kind: `chat` renders messages, one pair per exemplar; `completion` renders one text.
        head: Instructions; fields: `instructions`, `cue`.
        context: Paragraphs before the question, omitted if there are none; fields: `context`.
        question: Question; fields: `context` (rendered), `question`, `options` (rendered).
        option: One line of the options; fields: `letter`, `text`.
        direct, reasoning: The two answer styles.
        closing: Request for the letter after reasoning that named none; fields: `letters`.
        separator: Text between the parts of a completion prompt.
        system: Whether the instructions of a chat are a system message. Otherwise they open the first user message,
            for models whose chat template rejects a system message.

    Example:
        >>> question = Question("q1", "mine", "dev", "Which organ pumps?", {"A": "Liver", "B": "Heart"}, "B")
        >>> PLAIN.render("Answer.", [], question, reasoning=False)
        'Answer.\\n\\nQuestion: Which organ pumps?\\nA. Liver\\nB. Heart\\nAnswer:'
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
        """Return the answer style."""
        return self.reasoning if reasoning else self.direct

    def render(
        self, instructions: str, exemplars: Sequence[Exemplar], question: Question, *, reasoning: bool
    ) -> Prompt:
        """Render the instructions, then the exemplars, then the question.

        The question comes last, so that the rest is the same for all votes on it and a server's prefix cache computes
        it once.
        """
        prefix = self.prefix(instructions, exemplars, tuple(question.options), reasoning=reasoning)
        return self.complete(prefix, question, reasoning=reasoning)

    def prefix(
        self, instructions: str, exemplars: Sequence[Exemplar], letters: Sequence[str], *, reasoning: bool
    ) -> Prefix:
        """Render the part before any question with these letters."""
        style = self.style(reasoning)
        head = fill(self.head, instructions=instructions, cue=fill(style.cue, letters=join_letters(letters)))
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
        """Render the prompt of a question after its prefix."""
        text = prefix.lead + self._question(question)
        if self.kind == "completion":
            return text + self.style(reasoning).opening
        return (*prefix.turns, _message("user", text))

    def close(self, prompt: Prompt, completion: str, letters: Sequence[str]) -> Prompt:
        """Render the prompt that requests only the letter, after a completion that named none."""
        closing = fill(self.closing, letters=join_letters(letters))
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
    """Replace each `{field}` of the pattern once; braces inside the values stay unchanged."""
    text, names = _compiled(pattern)
    return text % tuple([values[name] for name in names])


def join_letters(letters: Sequence[str] | Mapping[str, str]) -> str:
    """Return letters as a phrase: `A, B, C or D`."""
    *others, last = letters
    return f"{', '.join(others)} or {last}" if others else last


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[str, tuple[str, ...]]:
    """Return the pattern with `%s` for each field, and the fields' names; `%` formatting is the fastest."""
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
