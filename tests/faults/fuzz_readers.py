"""Fuzzer for the readers of external files and texts: an input is read, or refused with one printable line.

    pip install -e '.[fuzz]'
    python tests/faults/fuzz_readers.py READER [-runs=250000] [-seed=1]

READER is one of questions-jsonl, questions-csv, questions-parquet, completions, space, program, address. The corpus is
the invalid input of the tests, and the search is coverage-guided (libFuzzer, through atheris). The fuzzer stops at the
first input that raises anything but `UserError`, and prints it.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import pyarrow as pa
import pyarrow.parquet as pq

with atheris.instrument_imports(include=["openmedlm", "yaml"]):
    from openmedlm.data import UserError, read_questions
    from openmedlm.inference import find_endpoint
    from openmedlm.programs.frozen.load import _document
    from openmedlm.runs.external_completions import read_completions
    from openmedlm.tuning.space_file import read_spaces

sys.path.insert(0, str(Path(__file__).parent))
import test_bad_input as bad

MAX_INPUT_BYTES = 2**14

FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm"))


def _from_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    file = FOLDER / name

    def read_content(content: bytes) -> object:
        file.write_bytes(content)
        return read(file)

    return read_content


def _program(content: bytes) -> object:
    """Load a `program.json` with a matching checksum."""
    head, mark, _ = content.rpartition(b'\n  "sha256": "')
    return _document(FOLDER, bad.sealed_bytes(head + mark if mark else content))


def _parquet(compression: str) -> bytes:
    """Return a parquet file with two questions."""
    file = FOLDER / "seed.parquet"
    table = pa.table({name: [value, value] for name, value in bad.GOOD.items() if name != "id"} | {"id": ["1", "2"]})
    pq.write_table(table, file, compression=compression)
    return file.read_bytes()


READERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "questions-jsonl": (
        _from_file("q.jsonl", lambda file: read_questions(file, "mine", "dev")),
        [bad.changed(**fields) for fields in bad.RECORDS.values()] + list(bad.BYTES.values()),
    ),
    "questions-csv": (
        _from_file("q.csv", lambda file: read_questions(file, "mine", "dev")),
        [bad.CSV_HEAD + row for row in bad.CSV_ROWS.values()] + list(bad.CSV_FILES.values()),
    ),
    "questions-parquet": (
        _from_file("q.parquet", lambda file: read_questions(file, "mine", "dev")),
        [_parquet(compression) for compression in ("none", "snappy", "zstd")],
    ),
    "completions": (
        _from_file("c.jsonl", read_completions),
        [json.dumps(line).encode() for line in bad.SCORED.values()] + list(bad.BYTES.values()),
    ),
    "space": (_from_file("s.yaml", lambda file: read_spaces(str(file), ["local/small"])), list(bad.SPACES.values())),
    "program": (_program, [bad.program_bytes(FOLDER / "program")]),
    "address": (
        lambda content: find_endpoint("hosted_vllm/m", content.decode("utf-8", "surrogateescape")),
        [address.encode() for address in bad.ADDRESSES],
    ),
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    read, seeds = READERS[sys.argv[1]]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed[:MAX_INPUT_BYTES])
    counts = {"read": 0, "refused": 0}

    def test_one_input(content: bytes) -> None:
        try:
            read(content)
            counts["read"] += 1
        except UserError as error:
            message = str(error)
            assert message.isprintable(), message
            counts["refused"] += 1
        if sum(counts.values()) % 50_000 == 0:
            print(f"{sys.argv[1]}: {counts['read']:,} read, {counts['refused']:,} refused", flush=True)

    options = sys.argv[2:] or ["-runs=250000"]
    atheris.Setup(
        [sys.argv[0], str(corpus), f"-max_len={MAX_INPUT_BYTES}", "-print_final_stats=1", *options], test_one_input
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
