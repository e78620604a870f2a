"""Loading through `datasets`, from local files in the hub's schema."""

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
def isolated_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the settings that the library read from the environment at import."""
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets-cache")


def repository(folder: Path, files: dict[str, Iterable[object]], write_jsonl: Any) -> Path:
    """Write a dataset repository; `config/split.jsonl` gives configuration and split."""
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


def moved_to(benchmark: Benchmark, split: str, folder: Path, count: int | None = None) -> OfficialSplit:
    """Return the official split with its tables in a local repository, and another count if one is given."""
    official = benchmark.official(split)
    tables = tuple(replace(table, hub_id=str(folder)) for table in official.tables)
    return replace(official, tables=tables, count=official.count if count is None else count)


def medmcqa_rows(count: int) -> list[dict[str, object]]:
    options = {"opa": "one", "opb": "two", "opc": "three", "opd": "four"}
    rest = {"choice_type": "single", "exp": None, "subject_name": "Anatomy", "topic_name": None}
    return [{"id": f"u{n}", "question": f"Invented {n} is", **options, "cop": n % 4, **rest} for n in range(count)]


def load(benchmark: Benchmark, official: OfficialSplit, records: Path) -> list[Question]:
    return load_official(benchmark, official, records)


def test_load_official_pubmedqa_splits_by_test_ids(tmp_path: Path, write_jsonl: Any) -> None:
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
    train, test = (
        load(benchmark, moved_to(benchmark, split, folder), tmp_path / "records") for split in ("pool", "test")
    )
    assert {q.id for q in test} == official_test_ids()
    assert [q.id for q in train] == [f"pubmedqa-{n}" for n in range(500)]
    assert train[4] == Question(
        "pubmedqa-4", "pubmedqa", "train", "Does it?", {"A": "yes", "B": "no", "C": "maybe"}, "B", None,
        ("One.", "Two."), "It does.",
    )  # fmt: skip
    assert (len(benchmark.filter_split("pool", train)), len(benchmark.filter_split("dev", train))) == (375, 125)


def test_load_official_mmlu_joins_subjects_in_order(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["mmlu"]
    subjects = [table.config for table in benchmark.dev.tables]
    row = {"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 3}
    files: dict[str, Iterable[object]] = {f"{s}/validation.jsonl": [{**row, "subject": s}] * 2 for s in subjects}
    official = moved_to(benchmark, "dev", repository(tmp_path / "repo", files, write_jsonl), count=12)
    questions = load(benchmark, official, tmp_path / "records")
    assert [q.id for q in questions] == [f"mmlu-{s}-val-00{n}" for s in subjects for n in range(2)]
    assert {q.answer for q in questions} == {"D"}


def test_load_official_medqa_dev_has_other_repository(tmp_path: Path, write_jsonl: Any) -> None:
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
        load(benchmark, moved_to(benchmark, split, folder, count=1), tmp_path / "records")[0]
        for split, folder in (("pool", plain), ("dev", choice), ("test", plain))
    ]
    assert [q.id for q in loaded] == ["medqa-train-00000", "medqa-dev-0000", "medqa-test-0000"]
    assert [(q.options, q.answer) for q in loaded] == [(options, "C")] * 3


def test_load_official_records_the_first_load(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    official = moved_to(benchmark, "pool", folder, count=5)
    first = load(benchmark, official, tmp_path / "records")
    record = json.loads((tmp_path / "records" / "medmcqa-train.json").read_text())
    assert record["tables"] == [f"{folder}:train@{benchmark.pool.tables[0].revision}"]
    assert record["questions"] == 5
    assert load(benchmark, official, tmp_path / "records") == first


@pytest.mark.parametrize("change", ["content", "revision"])
def test_load_official_change_names_the_record_file(
    tmp_path: Path, write_jsonl: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    official = moved_to(benchmark, "pool", folder, count=5)
    load(benchmark, official, tmp_path / "records")
    if change == "content":
        rows = medmcqa_rows(5)
        rows[2]["cop"] = 3
        repository(folder, {"train.jsonl": rows}, write_jsonl)
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "other-cache")
    else:
        official = replace(official, tables=(replace(official.tables[0], revision="0" * 40),))
    record = tmp_path / "records" / "medmcqa-train.json"
    with pytest.raises(UserError) as caught:
        load(benchmark, official, tmp_path / "records")
    assert str(caught.value).startswith(f"{record}: ")
    assert "Delete the file" in str(caught.value)
    record.unlink()
    assert len(load(benchmark, official, tmp_path / "records")) == 5


def test_load_official_broken_record_is_a_change(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    record = tmp_path / "records" / "medmcqa-train.json"
    record.parent.mkdir()
    record.write_bytes(b'{"tables": [')
    with pytest.raises(UserError, match="Delete the file"):
        load(benchmark, moved_to(benchmark, "pool", folder, count=5), tmp_path / "records")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (medmcqa_rows(4), "train has 4 questions, but the official number is 5"),
        ([{**row, "cop": -1} for row in medmcqa_rows(5)], ':train:0: "answer" is missing'),
        ([{"id": "u", "question": "Q?", "cop": 1, "exp": None}] * 5, ":train:0: the column 'subject_name' is missing"),
    ],
)
def test_load_official_changed_table_is_one_line(
    tmp_path: Path, write_jsonl: Any, rows: list[object], message: str
) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": rows}, write_jsonl)
    with pytest.raises(UserError) as caught:
        load(benchmark, moved_to(benchmark, "pool", folder, count=5), tmp_path / "records")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "records").exists()


def test_load_official_missing_split_is_one_line(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    with pytest.raises(UserError, match=r"cannot be loaded \(Unknown split .*--data-dir sample") as caught:
        load(benchmark, moved_to(benchmark, "test", folder), tmp_path / "records")
    assert "\n" not in str(caught.value)


def test_load_official_unreadable_table_is_one_line(tmp_path: Path, write_jsonl: Any) -> None:
    benchmark = BENCHMARKS["medmcqa"]
    folder = repository(tmp_path / "repo", {"train.jsonl": medmcqa_rows(5)}, write_jsonl)
    (folder / "train.jsonl").write_text("<html>Sign in to the network</html>")
    with pytest.raises(UserError, match=r"train: cannot be loaded \(.*--data-dir sample") as caught:
        load(benchmark, moved_to(benchmark, "pool", folder, count=5), tmp_path / "records")
    assert "\n" not in str(caught.value)
