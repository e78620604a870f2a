"""Questions of a split: from the hub, a local folder, the embedded sample or an imported benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark, OfficialSplit
from openmedlm.data.files import read_questions
from openmedlm.data.hub import load_official
from openmedlm.data.question import SPLITS, Question, canonical_split
from openmedlm.utils.choices import check_choice
from openmedlm.utils.errors import UserError
from openmedlm.utils.paths import hub_records, imported_benchmarks

SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Availability:
    """One split that can be loaded.

    Attributes:
        benchmark: Name of the benchmark.
        split: `pool`, `dev` or `test`.
        count: Number of questions at `place`; None for the hub, where questions are counted only when they are loaded.
        official: Number of questions of the complete split; None for imported benchmarks and for the sample.
        place: File, or repository on the hub.
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
    """Load the questions of one split of one benchmark, in a fixed order.

    Args:
        benchmark: `medqa`, `medmcqa`, `pubmedqa`, `mmlu`, a benchmark in `data_dir`, or an imported one.
        split: `pool`, `dev` or `test`; `train` is another name of `pool`.
        data_dir: None for the hub and the imported benchmarks. `sample` for the embedded sample, even if a folder of
            that name exists. Otherwise a folder: `<benchmark>/<official split>.jsonl` for the four benchmarks, which
            `Benchmark.filter_split` divides and which may be partial; `<benchmark>/<split>.jsonl` for others.

    Raises:
        UserError: The benchmark or split is unknown, its source is not available, a question is invalid, or no
            question is left for this split.

    Example:
        >>> questions = load_split("medqa", "dev", "sample")
        >>> len(questions), questions[0].split
        (12, 'dev')
    """
    split = canonical_split(split)
    if str(data_dir) == SAMPLE:
        return _sample(check_choice(benchmark, BENCHMARKS, "benchmark of the sample"), split)
    known = BENCHMARKS.get(benchmark)
    if known is None:
        return _imported(benchmark, split, data_dir)
    official = known.official(split)
    if data_dir is None:
        questions = load_official(known, official, hub_records())
    else:
        questions = _official_file(known, official, Path(data_dir))
    selected = [replace(question, split=split) for question in known.filter_split(split, questions)]
    if not selected:
        raise UserError(
            f"{benchmark}: no {split} questions, since all {len(questions):,} of {official.name} are held out for dev. "
            "Add more."
        )
    return selected


def available(data_dir: str | Path | None = None) -> list[Availability]:
    """List the splits that `load_split` can load with this `data_dir`, by benchmark: pool, dev, test.

    Local files are read and checked in order to count them; the hub is not contacted.

    Raises:
        UserError: `data_dir` is not a folder, or a question in it is invalid.

    Example:
        >>> [str(split) for split in available("sample")][:3]
        ['24', '12', '12']
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
        return on_hub + list(_imported_splits(imported_benchmarks()))
    folder = Path(data_dir)
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder. Name a folder with <benchmark>/<split>.jsonl files, or "{SAMPLE}".')
    return [*_official_splits(folder), *_imported_splits(folder)]


def _official_file(known: Benchmark, official: OfficialSplit, folder: Path) -> list[Question]:
    path = folder / known.name / f"{official.name}.jsonl"
    if not path.is_file():
        raise UserError(f"{path}: no such file. Save the {official.name} questions of {known.title} there.")
    questions = read_questions(path, known.name, official.name)
    foreign = [question.id for question in questions if not official.contains(question)]
    if foreign:
        raise UserError(
            f"{path}: {len(foreign):,} of {len(questions):,} questions are not part of the official {official.name} "
            f'split: "{foreign[0]}" is the first. Remove them.'
        )
    return questions


def _imported(name: str, split: str, data_dir: str | Path | None) -> list[Question]:
    folder = imported_benchmarks() if data_dir is None else Path(data_dir)
    check_choice(name, [*BENCHMARKS, *_imported_names(folder)], "benchmark")
    path = folder / name / f"{split}.jsonl"
    if not path.is_file():
        raise UserError(f"{path}: no such file, so {name} has no {split} split. Import one.")
    return read_questions(path, name, split)


def _imported_names(folder: Path) -> list[str]:
    names = {path.parent.name for split in SPLITS for path in folder.glob(f"*/{split}.jsonl")}
    for name in names:
        if not name.isprintable():
            raise UserError(f"{folder}: a folder has a name with non-printable characters: {name!a}. Rename it.")
    return sorted(names - set(BENCHMARKS))


def _imported_splits(folder: Path) -> Iterator[Availability]:
    for name in _imported_names(folder):
        for split in SPLITS:
            path = folder / name / f"{split}.jsonl"
            if path.is_file():
                yield Availability(name, split, len(read_questions(path, name, split)), None, str(path))


def _official_splits(folder: Path) -> Iterator[Availability]:
    for name, known in BENCHMARKS.items():
        loaded: dict[str, list[Question]] = {}
        for split in SPLITS:
            official = known.official(split)
            path = folder / name / f"{official.name}.jsonl"
            if path.is_file():
                if official.name not in loaded:
                    loaded[official.name] = _official_file(known, official, folder)
                count = len(known.filter_split(split, loaded[official.name]))
                yield Availability(name, split, count, known.official_count(split), str(path))


def _sample(name: str, split: str) -> list[Question]:
    with as_file(files("openmedlm.data").joinpath(SAMPLE, name, f"{split}.jsonl")) as path:
        return read_questions(path, name, split)
