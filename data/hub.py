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

OTHERWISE = "use local files with --data-dir DIR, or the embedded sample with --data-dir sample"


def load_official(benchmark: Benchmark, official: OfficialSplit, records: Path) -> list[Question]:
    """The questions of an official split, `split` being its name.

    Their number must be the official one. What was loaded first is recorded in
    `records/<benchmark>-<official split>.json` (hub tables with their revisions, count, fingerprint over the mapped
    questions) and must be the same ever after. Without a network, and with HF_HUB_OFFLINE=1, what `datasets` has cached
    is used; the record then also catches a cache of another revision.

    Args:
        benchmark: one of the four.
        official: one of its official splits.
        records: the folder of the records; made on first use.

    Raises:
        UserError: the hub is out of reach and nothing is cached, a table lacks a column or a row is no question, or
            the count or the record disagrees.
    """
    online = _online(official.tables)
    questions = [
        question
        for table in official.tables
        for question in _questions(benchmark, official, table, online)
        if official.has(question)
    ]
    if len(questions) != official.count:
        raise UserError(
            f"{official.tables[0].hub_id}: {official.name} has {len(questions):,} questions instead of the official "
            f"{official.count:,}; {OTHERWISE}"
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
            raise UserError(f"{where}: the column {error} is missing on the hub; {OTHERWISE}") from None
        except UserError as error:
            raise UserError(f"{error}; that is for the hub's owner, until then {OTHERWISE}") from None


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
    except Exception as error:  # what lies below raises errors of half a dozen libraries, without a common base
        reason = _line(error) if online else "the Hugging Face hub is out of reach and nothing of it is cached"
        raise UserError(f"{table}: cannot be loaded ({reason}); {OTHERWISE}") from None
    return rows


@contextmanager
def _offline(datasets: Any, offline: bool) -> Iterator[None]:
    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or offline
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _check_record(path: Path, official: OfficialSplit, questions: list[Question]) -> None:
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
            f"{path}: the questions from the hub are no longer those recorded there; "
            "delete that file if the change is wanted"
        )
