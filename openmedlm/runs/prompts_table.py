"""The prompts of a run, each distinct text of a message kept once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO

import pyarrow as pa

from openmedlm.programs.template import Prompt
from openmedlm.runs.rows import Rows

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

REMEMBERED = 50_000
"""Texts that are looked for among those already written."""

Key = tuple[str, str, int]
"""Program, question id, sample index of the vote."""

Parts = Sequence[tuple[str | None, int]]
"""Of each message its role and the place of its text; a completion prompt is one text without a role."""


@dataclass(frozen=True)
class Prompts:
    """What was sent for each vote.

    Attributes:
        texts: the texts of messages, in order of first appearance.
        sent: the parts of each vote's prompt.
    """

    texts: Sequence[str]
    sent: Mapping[Key, Parts]

    def prompt(self, key: Key) -> Prompt:
        """The prompt, as it was sent."""
        parts = self.sent[key]
        if parts[0][0] is None:
            return self.texts[parts[0][1]]
        return tuple({"role": role or "", "content": self.texts[place]} for role, place in parts)

    @classmethod
    def from_tables(cls, prompts: pa.Table, texts: pa.Table) -> "Prompts":
        """What `write_prompts` wrote."""
        sent = {
            (row["program"], row["question_id"], row["sample"]): list(zip(row["roles"], row["texts"], strict=True))
            for row in prompts.to_pylist()
        }
        return cls(texts["text"].to_pylist(), sent)


def write_prompts(prompts: Iterable[tuple[Key, Prompt]], sent: IO[bytes], texts: IO[bytes]) -> None:
    """Writes prompts as they come: their parts to one file, each distinct text to the other.

    A text that comes again after `REMEMBERED` others is written again.
    """
    places: dict[bytes, int] = {}
    written = 0
    with Rows(sent, _PROMPTS) as votes, Rows(texts, _TEXTS) as said:
        for (program, question, sample), prompt in prompts:
            roles, parts = [], []
            for role, text in _turns(prompt):
                digest = blake2b(text.encode(), digest_size=16).digest()
                if digest not in places:
                    if len(places) == REMEMBERED:
                        places.clear()
                    places[digest] = written
                    written += 1
                    said.add({"text": text})
                roles.append(role)
                parts.append(places[digest])
            votes.add({"program": program, "question_id": question, "sample": sample, "roles": roles, "texts": parts})


def _turns(prompt: Prompt) -> list[tuple[str | None, str]]:
    if isinstance(prompt, str):
        return [(None, prompt)]
    return [(turn["role"], turn["content"]) for turn in prompt]
