"""The four benchmarks from the Hugging Face hub, through `datasets`, at a pinned revision."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openmedlm.data.benchmarks import Benchmark, HubTable, OfficialSplit
from openmedlm.data.fingerprint import fingerprint
from openmedlm.data.question import Question
from openmedlm.data.schema import question_from_record
from openmedlm.utils.atomic import write_atomically
from openmedlm.utils.errors import UserError
from openmedlm.utils.network import reachable

ALTERNATIVES = "Use local files with --data-dir DIR, or the embedded sample with --data-dir sample."


def load_official(benchmark: Benchmark, official: OfficialSplit, records: Path) -> list[Question]:
    """Load the questions of an official split; their `split` is its name.

    The number of questions must be the official one. The first load is recorded in `records/<benchmark>-<official
    split>.json`: hub tables with revisions, count, fingerprint of the converted questions. Every later load must match
    the record. Without a network, or with HF_HUB_OFFLINE=1, the cache of `datasets` is used; the record then also
    detects a cache of another revision.

    Args:
        benchmark: One of the four benchmarks.
        official: One of its official splits.
        records: Folder of the records; created on first use.

    Raises:
        UserError: The hub is not reachable and nothing is cached, a table or row is invalid, or the count or the
            record differs.
    """
    online = _online(official.tables)
    questions = [
        question
        for table in official.tables
        for question in _questions(benchmark, official, table, online)
        if official.contains(question)
    ]
    if len(questions) != official.count:
        raise UserError(
            f"{official.tables[0].hub_id}: {official.name} has {len(questions):,} questions, but the official number "
            f"is {official.count:,}. {ALTERNATIVES}"
        )
    _check_record(records / f"{benchmark.name}-{official.name}.json", official, questions)
    return questions


def _questions(benchmark: Benchmark, official: OfficialSplit, table: HubTable, online: bool) -> Iterator[Question]:
    for index, row in enumerate(_rows(table, online)):
        where = f"{table}:{index}"
        try:
            record = benchmark.record_from_hub(row, table, index)
            yield question_from_record(record, where, benchmark.name, official.name)
        except KeyError as error:
            raise UserError(f"{where}: the column {error} is missing on the hub. {ALTERNATIVES}") from None
        except UserError as error:
            raise UserError(
                f"{error} The row is on the hub, where only its owner can correct it. {ALTERNATIVES}"
            ) from None


def _online(tables: Sequence[HubTable]) -> bool:
    import datasets

    if datasets.config.HF_HUB_OFFLINE:
        return False
    return all(Path(table.hub_id).is_dir() for table in tables) or reachable(datasets.config.HF_ENDPOINT)


def _rows(table: HubTable, online: bool) -> Iterable[Mapping[str, object]]:
    import datasets

    try:
        with _offline(datasets, not online):
            rows: Iterable[Mapping[str, object]] = datasets.load_dataset(
                table.hub_id, table.config, split=table.split, revision=table.revision
            )
    except Exception as error:  # `datasets` passes on the errors of several libraries, which have no common base class
        reason = _first_line(error) if online else "the Hugging Face hub is not reachable and the table is not cached"
        raise UserError(f"{table}: cannot be loaded ({reason}). {ALTERNATIVES}") from None
    return rows


@contextmanager
def _offline(datasets: Any, offline: bool) -> Iterator[None]:
    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or offline
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _check_record(path: Path, official: OfficialSplit, questions: Sequence[Question]) -> None:
    record = {
        "tables": [f"{table}@{table.revision}" for table in official.tables],
        "questions": len(questions),
        "sha256": fingerprint(questions),
    }
    try:
        known = json.loads(path.read_bytes())
    except FileNotFoundError:
        write_atomically(path, [json.dumps(record, indent=2).encode() + b"\n"])
        return
    except ValueError:
        known = None
    if known != record:
        raise UserError(
            f"{path}: the questions from the hub differ from this record of the first load. "
            "Delete the file if the change is intended."
        )
