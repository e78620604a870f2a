"""The one door to questions: from the hub, a local folder, the embedded sample or the user's imported benchmarks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark, OfficialSplit
from openmedlm.data.files import read_questions
from openmedlm.data.hub import load_official
from openmedlm.data.question import SPLITS, Question
from openmedlm.utils.choices import check_choice
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import hub_records, imported_benchmarks

SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Availability:
    """One split that can be loaded.

    Attributes:
        benchmark: its benchmark.
        split: `pool`, `dev` or `test`.
        count: how many questions stand at `place`; None on the hub, where nothing is counted before it is loaded.
        official: how many the complete split has; None for benchmarks that are not one of the four and for the sample.
        place: the file, or the hub repository.
    """

    benchmark: str
    split: str
    count: int | None
    official: int | None
    place: str

    def __str__(self) -> str:
        if self.count is None:
            return f"{self.official:,}"
        if self.official is None or self.official == self.count:
            return f"{self.count:,}"
        return f"{self.count:,} of {self.official:,}"


def load_split(benchmark: str, split: str, data_dir: str | Path | None = None) -> list[Question]:
    """The questions of one split of one benchmark, in a fixed order.

    Args:
        benchmark: `medqa`, `medmcqa`, `pubmedqa`, `mmlu`, or another benchmark that stands in `data_dir` or, without
            one, was imported.
        split: `pool`, `dev` or `test`.
        data_dir: None for the hub and the imported benchmarks; `sample` for the embedded sample, even where a folder of
            that name is at hand; otherwise a folder with `<benchmark>/<official split>.jsonl` for the four, from which
            pool, dev and test are made as `Benchmark.split_dev` says (a part of an official split will do), and
            `<benchmark>/<split>.jsonl` for others.

    Raises:
        UserError: the benchmark or split is unknown, its file or the hub is missing, a question is wrong, or nothing is
            left for this split.
    """
    check_choice(split, SPLITS, "split")
    if str(data_dir) == SAMPLE:
        return _sample(check_choice(benchmark, BENCHMARKS, "benchmark of the sample"), split)
    known = BENCHMARKS.get(benchmark)
    if known is None:
        return _own(benchmark, split, data_dir)
    official = known.official(split)
    if data_dir is None:
        questions = load_official(known, official, hub_records())
    else:
        questions = _official_file(known, official, Path(data_dir))
    chosen = [replace(question, split=split) for question in known.split_dev(split, questions)]
    if not chosen:
        raise UserError(
            f"{benchmark}: all {len(questions):,} questions of {official.name} are set aside for dev; add more"
        )
    return chosen


def available(data_dir: str | Path | None = None) -> list[Availability]:
    """What `load_split` can load with this `data_dir`: benchmark by benchmark, pool, dev and test.

    Local files are read and checked to be counted; the hub is not asked.

    Raises:
        UserError: `data_dir` is no folder, or a question in it is wrong.
    """
    if str(data_dir) == SAMPLE:
        return [
            Availability(name, split, len(_sample(name, split)), None, f"{SAMPLE}/{name}/{split}.jsonl")
            for name in BENCHMARKS
            for split in SPLITS
        ]
    if data_dir is None:
        on_hub = [
            Availability(name, split, None, known.official_count(split), known.official(split).tables[0].hub_id)
            for name, known in BENCHMARKS.items()
            for split in SPLITS
        ]
        return on_hub + list(_own_availability(imported_benchmarks()))
    folder = Path(data_dir)
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder; name one that holds <benchmark>/<split>.jsonl, or "{SAMPLE}"')
    return [*_official_availability(folder), *_own_availability(folder)]


def _official_file(known: Benchmark, official: OfficialSplit, folder: Path) -> list[Question]:
    path = folder / known.name / f"{official.name}.jsonl"
    if not path.is_file():
        raise UserError(f"{path}: no such file; put the {official.name} questions of {known.title} there")
    questions = read_questions(path, known.name, official.name)
    strangers = [question.id for question in questions if not official.has(question)]
    if strangers:
        raise UserError(
            f"{path}: {len(strangers):,} of {len(questions):,} questions do not belong to the official {official.name} "
            f'split, "{strangers[0]}" to begin with; remove them'
        )
    return questions


def _own(name: str, split: str, data_dir: str | Path | None) -> list[Question]:
    folder = imported_benchmarks() if data_dir is None else Path(data_dir)
    check_choice(name, [*BENCHMARKS, *_own_names(folder)], "benchmark")
    path = folder / name / f"{split}.jsonl"
    if not path.is_file():
        raise UserError(f"{path}: no such file; {name} has no {split} split yet, so import one")
    return read_questions(path, name, split)


def _own_names(folder: Path) -> list[str]:
    found = {path.parent.name for split in SPLITS for path in folder.glob(f"*/{split}.jsonl")}
    for name in found:
        if not name.isprintable():
            raise UserError(f"{folder}: holds the folder {name!a}, which no option could name; rename it")
    return sorted(found - set(BENCHMARKS))


def _own_availability(folder: Path) -> Iterator[Availability]:
    for name in _own_names(folder):
        for split in SPLITS:
            path = folder / name / f"{split}.jsonl"
            if path.is_file():
                yield Availability(name, split, len(read_questions(path, name, split)), None, str(path))


def _official_availability(folder: Path) -> Iterator[Availability]:
    for name, known in BENCHMARKS.items():
        loaded: dict[str, list[Question]] = {}
        for split in SPLITS:
            official = known.official(split)
            path = folder / name / f"{official.name}.jsonl"
            if path.is_file():
                if official.name not in loaded:
                    loaded[official.name] = _official_file(known, official, folder)
                count = len(known.split_dev(split, loaded[official.name]))
                yield Availability(name, split, count, known.official_count(split), str(path))


def _sample(name: str, split: str) -> list[Question]:
    with as_file(files("openmedlm.data").joinpath(SAMPLE, name, f"{split}.jsonl")) as path:
        return read_questions(path, name, split)
