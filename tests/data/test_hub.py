"""The path through `datasets`, on local files in the hub's own schema."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark, OfficialSplit
from openmedlm.data.benchmarks.pubmedqa import official_test_ids
from openmedlm.data.hub import load_official
from openmedlm.data.question import Question
from openmedlm.utils.errors import UserError


@pytest.fixture(autouse=True)
def datasets_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment said when the library was loaded."""
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets-cache")


def repository(folder: Path, files: dict[str, Iterable[object]], write_jsonl: Any) -> Path:
    """A dataset repository on disk: configuration and split from `config/split.jsonl`."""
    configs: dict[str, list[str]] = {}
    for name, rows in files.items():
        write_jsonl(folder / name, rows)
        config, _, split = name.removesuffix(".jsonl").rpartition("/")
        configs.setdefault(config or "default", []).append(split)
    card = [
        {
            "config_name": c,
            "data_files": [{"split": s, "path": f"{'' if c == 'default' else c + '/'}{s}.jsonl"} for s in ss],
        }
        for c, ss in configs.items()
    ]
    (folder / "README.md").write_text(f"---\nconfigs: {json.dumps(card)}\n---\n", encoding="utf-8")
    return folder


def at(benchmark: Benchmark, split: str, folder: Path, count: int | None = None) -> OfficialSplit:
    """The official split, its tables moved to a local repository, and a count that a test can write."""
    official = benchmark.official(split)
    tables = tuple(replace(table, hub_id=str(folder)) for table in official.tables)
    return replace(official, tables=tables, count=official.count if count is None else count)


def medmcqa_rows(count: int) -> list[dict[str, object]]:
    options = {"opa": "one", "opb": "two", "opc": "three", "opd": "four"}
    rest = {"choice_type": "single", "exp": None, "subject_name": "Anatomy", "topic_name": None}
    return [{"id": f"u{n}", "question": f"Invented {n} is", **options, "cop": n % 4, **rest} for n in range(count)]


def load(benchmark: Benchmark, official: OfficialSplit, records: Path) -> list[Question]:
    return load_official(benchmark, official, records)


def test_the_labelled_thousand_is_divided_by_the_official_test_ids(tmp_path: Path, write_jsonl: Any) -> None:
    pmids = sorted(int(id_.removeprefix("pubmedqa-")) for id_ in official_test_ids())
    rows = [
        {
            "pubid": pmid,
            "question": "Does it?",
            "context": {"contexts": ["One.", "Two."], "labels": ["AIM", "RESULTS"], "meshes": []},
            "long_answer": "It does.",
            "final_decision": ("yes", "no", "maybe")[pmid % 3],
        }
        for pmid in [*pmids, *range(500)]
    ]
    benchmark = BENCHMARKS["pubmedqa"]
    folder = repository(tmp_path / "repo", {"pqa_labeled/train.jsonl": rows}, write_jsonl)
    train, test = (load(benchmark, at(benchmark, split, folder), tmp_path / "records") for split in ("pool", "test"))
    assert {q.id for q in test} == official_test_ids()
    assert [q.id for q in train] == [f"pubmedqa-{n}" for n in range(500)]
    assert train[4] == Question(
        "pubmedqa-4", "pubmedqa", "train", "Does it?", {"A": "yes", "B": "no", "C": "maybe"}, "B", None,
        ("One.", "Two."), "It does.",
    )  # fmt: skip
    assert (len(benchmark.split_dev("pool", train)), len(benchmark.split_dev("dev", train))) == (375, 125)


def test_the_six_subjects_are_joined_in_order(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["mmlu"]
    subjects = [table.config for table in benchmark.dev.tables]
    row = {"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 3}
    files: dict[str, Iterable[object]] = {f"{s}/validation.jsonl": [{**row, "subject": s}] * 2 for s in subjects}
    official = at(benchmark, "dev", repository(tmp_path / "repo", files, write_jsonl), count=12)
    questions = load(benchmark, official, tmp_path / "records")
    assert [q.id for q in questions] == [f"mmlu-{s}-val-00{n}" for s in subjects for n in range(2)]
    assert {q.answer for q in questions} == {"D"}


def test_medqa_takes_dev_from_its_own_repository_and_schema(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medqa"]
    options = {"A": "w", "B": "x", "C": "y", "D": "z"}
    row = {"question": "Vignette?", "answer": "y", "options": options, "meta_info": "step1", "answer_idx": "C"}
    endings = {f"ending{n}": text for n, text in enumerate(options.values())}
    plain = repository(tmp_path / "plain", {"train.jsonl": [row], "test.jsonl": [row]}, write_jsonl)
    choice = repository(
        tmp_path / "choice",
        {"validation.jsonl": [{"id": "d", "sent1": "Vignette?", "sent2": "", **endings, "label": 2}]},
        write_jsonl,
    )
    loaded = [
        load(benchmark, at(benchmark, split, folder, count=1), tmp_path / "records")[0]
        for split, folder in (("pool", plain), ("dev", choice), ("test", plain))
    ]
    assert [q.id for q in loaded] == ["medqa-train-00000", "medqa-dev-0000", "medqa-test-0000"]
    assert [(q.options, q.answer) for q in loaded] == [(options, "C")] * 3


def test_the_first_load_is_recorded_and_the_same_questions_pass_ever_after(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    official = at(benchmark, "pool", folder, count=5)
    first = load(benchmark, official, tmp_path / "records")
    record = json.loads((tmp_path / "records" / "medmcqa-train.json").read_text())
    assert record["tables"] == [f"{folder}:train@{benchmark.pool.tables[0].revision}"]
    assert record["questions"] == 5
    assert load(benchmark, official, tmp_path / "records") == first


@pytest.mark.parametrize("change", ["content", "revision"])
def test_a_change_after_the_first_load_names_the_file_to_delete(
    tmp_path: Path, write_jsonl: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    official = at(benchmark, "pool", folder, count=5)
    load(benchmark, official, tmp_path / "records")
    if change == "content":
        rows = medmcqa_rows(5)
        rows[2]["cop"] = 3
        repository(folder, {"train.jsonl": rows}, write_jsonl)
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache-of-another-day")
    else:
        official = replace(official, tables=(replace(official.tables[0], revision="0" * 40),))
    record = tmp_path / "records" / "medmcqa-train.json"
    with pytest.raises(UserError) as caught:
        load(benchmark, official, tmp_path / "records")
    assert str(caught.value) == (
        f"{record}: the questions from the hub are no longer those recorded there; "
        "delete that file if the change is wanted"
    )
    record.unlink()
    assert len(load(benchmark, official, tmp_path / "records")) == 5


def test_a_spoilt_record_is_a_change(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    record = tmp_path / "records" / "medmcqa-train.json"
    record.parent.mkdir()
    record.write_bytes(b'{"tables": [')
    with pytest.raises(UserError, match="delete that file if the change is wanted"):
        load(benchmark, at(benchmark, "pool", folder, count=5), tmp_path / "records")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (medmcqa_rows(4), "train has 4 questions instead of the official 5; use local files with --data-dir DIR"),
        ([{**row, "cop": -1} for row in medmcqa_rows(5)], ':train:0: "answer" is missing'),
        ([{"id": "u", "question": "Q?", "cop": 1, "exp": None}] * 5, ":train:0: the column 'subject_name' is missing"),
    ],
)
def test_a_table_that_is_not_what_it_was_is_one_clear_line(
    tmp_path: Path, write_jsonl: Any, rows: list[object], message: str
) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": rows}, write_jsonl)
    with pytest.raises(UserError) as caught:
        load(benchmark, at(benchmark, "pool", folder, count=5), tmp_path / "records")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "records").exists()


def test_a_repository_without_the_split_is_one_clear_line(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    with pytest.raises(UserError, match=r"cannot be loaded \(Unknown split .*--data-dir sample") as caught:
        load(benchmark, at(benchmark, "test", folder), tmp_path / "records")
    assert "\n" not in str(caught.value)


def test_a_table_that_cannot_be_read_is_one_clear_line(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    (folder / "train.jsonl").write_text("<html>Sign in to the network</html>")
    with pytest.raises(UserError, match=r"train: cannot be loaded \(.*--data-dir sample") as caught:
        load(benchmark, at(benchmark, "pool", folder, count=5), tmp_path / "records")
    assert "\n" not in str(caught.value)
