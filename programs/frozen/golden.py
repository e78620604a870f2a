"""`golden.jsonl`: questions and the exact prompts that they must render to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from openmedlm.data import Question, question_from_record, to_record
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieved import RetrievedExemplars

FILE = "golden.jsonl"


def golden_rows(
    program: PromptProgram,
    questions: Sequence[Question],
    selections: Sequence[RetrievedExemplars],
    vectors: Vectors | None,
) -> Iterator[dict[str, Any]]:
    """A row a question: the question, its vector where exemplars are retrieved, their ids, and every vote's prompt."""
    for n, (question, selection) in enumerate(zip(questions, selections, strict=True)):
        yield {
            "question": to_record(question),
            "vector": None if vectors is None else vectors[n].tolist(),
            "exemplars": [exemplar.question.id for exemplar in selection.exemplars],
            "votes": [
                {
                    "sample": sample_prompt.sample,
                    "order": sample_prompt.order,
                    "seed": None if program.decode.greedy else program.sampling_seed(question, sample_prompt.sample),
                    "prompt": sample_prompt.prompt,
                }
                for sample_prompt in program.sample_prompts(question, selection.exemplars)
            ],
        }


def write_golden(rows: Iterator[Mapping[str, Any]]) -> bytes:
    return b"".join(line(row) for row in rows)


def line(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def read_golden(content: bytes) -> list[tuple[Question, list[float] | None, bytes]]:
    """The question, its vector and the whole line of each row.

    Raises:
        ValueError: a line is no such row.
    """
    rows = []
    for number, written in enumerate(content.splitlines(keepends=True), start=1):
        row = orjson.loads(written)
        rows.append((question_from_record(row["question"], f"row {number}"), row["vector"], written))
    return rows
