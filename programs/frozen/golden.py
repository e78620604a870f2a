"""`golden.jsonl`: questions and the exact prompts that they must render to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from openmedlm.data import Question, question_from_record, to_record
from openmedlm.programs.prompt_program import PromptProgram
from openmedlm.programs.retrieval import Vectors
from openmedlm.programs.retrieved import RetrievedExemplars

GOLDEN_FILE = "golden.jsonl"


def golden_rows(
    program: PromptProgram,
    questions: Sequence[Question],
    retrieved: Sequence[RetrievedExemplars],
    vectors: Vectors | None,
) -> Iterator[dict[str, Any]]:
    """Yield one row per question: the question, its vector if the program retrieves, exemplar ids, and all prompts."""
    for n, (question, shown) in enumerate(zip(questions, retrieved, strict=True)):
        yield {
            "question": to_record(question),
            "vector": None if vectors is None else vectors[n].tolist(),
            "exemplars": [exemplar.question.id for exemplar in shown.exemplars],
            "votes": [
                {
                    "sample": sample_prompt.sample,
                    "order": sample_prompt.order,
                    "seed": None if program.decode.greedy else program.sampling_seed(question, sample_prompt.sample),
                    "prompt": sample_prompt.prompt,
                }
                for sample_prompt in program.sample_prompts(question, shown.exemplars)
            ],
        }


def write_golden(rows: Iterator[Mapping[str, Any]]) -> bytes:
    """Return the bytes of the file."""
    return b"".join(golden_line(row) for row in rows)


def golden_line(row: Mapping[str, Any]) -> bytes:
    """Return one row as a JSON line."""
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def read_golden(content: bytes) -> list[tuple[Question, list[float] | None, bytes]]:
    """Return the question, its vector and the whole line of each row.

    Raises:
        ValueError: A line is no such row.
    """
    rows = []
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        row = orjson.loads(line)
        rows.append((question_from_record(row["question"], f"row {number}"), row["vector"], line))
    return rows
