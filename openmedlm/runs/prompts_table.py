"""Prompts of a run as two parquet tables: messages of each vote, and each distinct message text once."""

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

MAX_KNOWN_TEXTS = 50_000
"""Texts that are remembered as written; one that comes again later is written again."""

Key = tuple[str, str, int]
"""Program, question id, sample index of the vote."""

Messages = Sequence[tuple[str | None, int]]
"""Role of each message and the index of its text; a completion prompt is one text without a role."""


@dataclass(frozen=True)
class Prompts:
    """Prompts of all votes of a run.

    Attributes:
        texts: Texts of messages, in the order of first use.
        sent: Messages of each vote's prompt.
    """

    texts: Sequence[str]
    sent: Mapping[Key, Messages]

    def prompt(self, key: Key) -> Prompt:
        """Return the prompt of a vote exactly as it was sent."""
        messages = self.sent[key]
        if messages[0][0] is None:
            return self.texts[messages[0][1]]
        return tuple({"role": role or "", "content": self.texts[index]} for role, index in messages)

    @classmethod
    def from_tables(cls, prompts: pa.Table, texts: pa.Table) -> "Prompts":
        """Build the prompts from the tables that `write_prompts` wrote."""
        sent = {
            (row["program"], row["question_id"], row["sample"]): list(zip(row["roles"], row["texts"], strict=True))
            for row in prompts.to_pylist()
        }
        return cls(texts["text"].to_pylist(), sent)


def write_prompts(prompts: Iterable[tuple[Key, Prompt]], sent: IO[bytes], texts: IO[bytes]) -> None:
    """Write prompts as a stream: their messages to one file, each distinct text to the other.

    Args:
        prompts: Prompt of each vote; read once.
        sent: File of the messages.
        texts: File of the texts; one that comes again after `MAX_KNOWN_TEXTS` others is written again.
    """
    indices: dict[bytes, int] = {}
    written = 0
    with Rows(sent, _PROMPTS) as votes, Rows(texts, _TEXTS) as text_rows:
        for (program, question, sample), prompt in prompts:
            roles, used = [], []
            for role, text in to_messages(prompt):
                digest = blake2b(text.encode(), digest_size=16).digest()
                if digest not in indices:
                    if len(indices) == MAX_KNOWN_TEXTS:
                        indices.clear()
                    indices[digest] = written
                    written += 1
                    text_rows.add({"text": text})
                roles.append(role)
                used.append(indices[digest])
            votes.add({"program": program, "question_id": question, "sample": sample, "roles": roles, "texts": used})


def to_messages(prompt: Prompt) -> list[tuple[str | None, str]]:
    """Return role and text of each message; a completion prompt is one text without a role."""
    if isinstance(prompt, str):
        return [(None, prompt)]
    return [(message["role"], message["content"]) for message in prompt]
