import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openmedlm.data.benchmarks import BENCHMARKS
from openmedlm.data.load import available, load_split
from openmedlm.data.question import SPLITS
from openmedlm.utils.errors import UserError


def test_load_split_official_file(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(tmp_path / "mmlu" / "val.jsonl", [make_record(n, split="val", benchmark="mmlu") for n in range(2)])
    questions = load_split("mmlu", "dev", tmp_path)
    assert [(q.id, q.benchmark, q.split) for q in questions] == [("q-0", "mmlu", "dev"), ("q-1", "mmlu", "dev")]


def test_load_split_pool_and_dev_do_not_depend_on_file_order(
    tmp_path: Path, make_record: Any, write_jsonl: Any
) -> None:
    records = [make_record(n) for n in range(1_100)]
    write_jsonl(tmp_path / "a" / "medmcqa" / "train.jsonl", records)
    write_jsonl(tmp_path / "b" / "medmcqa" / "train.jsonl", reversed(records))
    a, b = (
        {s: [q.id for q in load_split("medmcqa", s, tmp_path / folder)] for s in ("pool", "dev")} for folder in "ab"
    )
    assert (len(a["pool"]), len(a["dev"])) == (100, 1_000)
    assert sorted(a["pool"] + a["dev"]) == sorted(record["id"] for record in records)
    assert (b["pool"], b["dev"]) == (a["pool"][::-1], a["dev"][::-1])


def test_load_split_no_question_left_for_pool_is_refused(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(tmp_path / "pubmedqa" / "train.jsonl", [make_record(n) for n in range(125)])
    assert len(load_split("pubmedqa", "dev", tmp_path)) == 125
    with pytest.raises(UserError, match=r"pubmedqa: no pool questions.* 125 "):
        load_split("pubmedqa", "pool", tmp_path)


def test_load_split_test_question_in_train_file_is_refused(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    records = [make_record(1, id="pubmedqa-1"), make_record(2, id="pubmedqa-12377809")]
    write_jsonl(tmp_path / "pubmedqa" / "train.jsonl", records)
    with pytest.raises(UserError, match=r'1 of 2 .*official train split: "pubmedqa-12377809"'):
        load_split("pubmedqa", "dev", tmp_path)


def test_load_split_missing_official_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_split("medmcqa", "test", tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/medmcqa/validation.jsonl: no such file")


def test_load_split_other_benchmark_has_one_file_per_split(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(tmp_path / "ward" / "dev.jsonl", [make_record(1)])
    assert [q.benchmark for q in load_split("ward", "dev", tmp_path)] == ["ward"]
    with pytest.raises(UserError, match=r"ward/test\.jsonl: no such file"):
        load_split("ward", "test", tmp_path)


def test_load_split_train_is_the_pool() -> None:
    questions = load_split("medqa", "train", "sample")
    assert questions == load_split("medqa", "pool", "sample")
    assert {question.split for question in questions} == {"pool"}


@pytest.mark.parametrize(
    ("benchmark", "split", "folder", "nearest"),
    [
        ("medqaa", "dev", None, "medqa"),
        ("wrad", "dev", ".", "ward"),
        ("medqa", "tests", ".", "test"),
        ("mmul", "dev", "sample", "mmlu"),
    ],
)
def test_load_split_unknown_name_suggests_the_nearest(
    own_folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_record: Any,
    write_jsonl: Any,
    benchmark: str,
    split: str,
    folder: str | None,
    nearest: str,
) -> None:
    monkeypatch.chdir(own_folders)
    write_jsonl(own_folders / "ward" / "dev.jsonl", [make_record(1)])
    with pytest.raises(UserError, match=f'did you mean "{nearest}"'):
        load_split(benchmark, split, folder)


def test_available_sample_has_all_splits_of_all_benchmarks() -> None:
    rows = available("sample")
    assert [(row.benchmark, row.split) for row in rows] == [(name, split) for name in BENCHMARKS for split in SPLITS]
    for row in rows:
        assert len(load_split(row.benchmark, row.split, "sample")) == row.count
        assert len(load_split(row.benchmark, row.split, Path("sample"))) == row.count


def test_available_folder_shows_own_and_official_counts(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(tmp_path / "medmcqa" / "train.jsonl", [make_record(n) for n in range(1_500)])
    write_jsonl(tmp_path / "ward" / "test.jsonl", [make_record(1)])
    write_jsonl(tmp_path / "recorded" / "completions.jsonl", [{"qid": "x"}])
    rows = available(tmp_path)
    assert [(row.benchmark, row.split, str(row)) for row in rows] == [
        ("medmcqa", "pool", "500 of 181,822"),
        ("medmcqa", "dev", "1,000"),
        ("ward", "test", "1"),
    ]


def test_available_without_folder_lists_hub_and_imported(own_folders: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(own_folders / "home-data" / "openmedlm" / "benchmarks" / "ward" / "dev.jsonl", [make_record(1)])
    rows = available()
    assert [(row.benchmark, row.split) for row in rows[:-1]] == [
        (name, split) for name in BENCHMARKS for split in SPLITS
    ]
    assert all(row.count is None for row in rows[:-1])
    assert (rows[-1].benchmark, rows[-1].split, rows[-1].count) == ("ward", "dev", 1)


def test_available_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone: no such folder.*<benchmark>/<split>\.jsonl"):
        available(tmp_path / "gone")


def test_available_non_printable_folder_name_is_refused(tmp_path: Path, make_record: Any, write_jsonl: Any) -> None:
    write_jsonl(tmp_path / os.fsdecode(b"b\xff") / "dev.jsonl", [make_record(1)])
    with pytest.raises(UserError, match=r"'b\\udcff'"):
        available(tmp_path)


def test_import_of_data_loads_no_heavy_package() -> None:
    heavy = {"datasets", "pyarrow", "torch", "numpy", "pandas", "dspy"}
    code = f"import openmedlm.data, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
