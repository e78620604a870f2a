"""The prompts of a run, each distinct text of a message kept once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from programs.template import Prompt

_PROMPTS = pa.schema(
    [
        ("program", pa.string()),
        ("question_id", pa.string()),
        ("sample", pa.int32()),
        ("roles", pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        ("texts", pa.list_(pa.int32())),
    ]
)
_TEXTS = pa.schema([("text", pa.string())])

Key = tuple[str, str, int]
"""Program, question id, sample index of the vote."""

Parts = Sequence[tuple[str | None, int]]
"""Of each message its role and the place of its text; a completion prompt is one text without a role."""


@dataclass(frozen=True)
class Prompts:
    """What was sent for each vote.

    Attributes:
        texts: the distinct texts of messages, in order of first appearance.
        sent: the parts of each vote's prompt.
    """

    texts: Sequence[str]
    sent: Mapping[Key, Parts]

    @classmethod
    def of(cls, prompts: Iterable[tuple[Key, Prompt]]) -> "Prompts":
        """Gathers prompts."""
        places: dict[str, int] = {}
        sent: dict[Key, Parts] = {}
        for key, prompt in prompts:
            sent[key] = [(role, places.setdefault(text, len(places))) for role, text in _turns(prompt)]
        return cls(list(places), sent)

    def prompt(self, key: Key) -> Prompt:
        """The prompt, as it was sent."""
        parts = self.sent[key]
        if parts[0][0] is None:
            return self.texts[parts[0][1]]
        return tuple({"role": role or "", "content": self.texts[place]} for role, place in parts)

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """As two tables: prompts, and texts."""
        rows = [
            {
                "program": program,
                "question_id": question,
                "sample": sample,
                "roles": [role for role, _ in parts],
                "texts": [place for _, place in parts],
            }
            for (program, question, sample), parts in self.sent.items()
        ]
        return pa.Table.from_pylist(rows, _PROMPTS), pa.table({"text": list(self.texts)}, _TEXTS)

    @classmethod
    def from_tables(cls, prompts: pa.Table, texts: pa.Table) -> "Prompts":
        """From `tables`."""
        sent = {
            (row["program"], row["question_id"], row["sample"]): list(zip(row["roles"], row["texts"], strict=True))
            for row in prompts.to_pylist()
        }
        return cls(texts["text"].to_pylist(), sent)


def _turns(prompt: Prompt) -> list[tuple[str | None, str]]:
    if isinstance(prompt, str):
        return [(None, prompt)]
    return [(turn["role"], turn["content"]) for turn in prompt]
