"""Checks on the real benchmark files, if they are available."""

from collections import Counter
from pathlib import Path

import pytest

from openmedlm.data.duplicates import find_duplicates
from openmedlm.data.load import available, load_split
from openmedlm.data.text_profile import profile

COUNTS = {
    ("medqa", "pool"): (1_916, 10_178),
    ("medqa", "dev"): (1_272, 1_272),
    ("medmcqa", "pool"): (9_000, 181_822),
    ("medmcqa", "dev"): (1_000, 1_000),
    ("medmcqa", "test"): (4_183, 4_183),
    ("pubmedqa", "pool"): (375, 375),
    ("pubmedqa", "dev"): (125, 125),
    ("pubmedqa", "test"): (500, 500),
    ("mmlu", "pool"): (30, 30),
    ("mmlu", "dev"): (123, 123),
    ("mmlu", "test"): (1_089, 1_089),
}


def test_real_files_have_the_expected_counts(shared: Path) -> None:
    counts = {(a.benchmark, a.split): (a.count, a.official) for a in available(shared)}
    assert {split: counts.get(split) for split in COUNTS} == COUNTS


@pytest.mark.parametrize("benchmark", ["medmcqa", "pubmedqa"])
def test_real_files_pool_and_dev_share_no_id(shared: Path, benchmark: str) -> None:
    pool, dev = ({question.id for question in load_split(benchmark, split, shared)} for split in ("pool", "dev"))
    assert not pool & dev


def test_real_files_known_duplicates_have_equal_profiles(shared: Path) -> None:
    def keys(benchmark: str, split: str) -> list[tuple[str, frozenset[str]]]:
        return [(p.stem, p.options) for p in map(profile, load_split(benchmark, split, shared))]

    repeated = Counter(keys("medmcqa", "test"))
    assert sum(count for count in repeated.values() if count > 1) == 26

    test = Counter(keys("mmlu", "test"))
    assert sum(count * (count - 1) // 2 for count in test.values()) == 78
    assert [sum(key in test for key in keys("mmlu", split)) for split in ("pool", "dev")] == [5, 14]


def test_find_duplicates_known_duplicates_of_mmlu(shared: Path) -> None:
    questions = [question for split in ("pool", "dev", "test") for question in load_split("mmlu", split, shared)]
    exact = [pair for pair in find_duplicates(questions) if pair.kind == "exact"]
    inside = Counter(pair.first.split for pair in exact if not pair.leak)
    across: dict[str, set[str]] = {}
    for pair in exact:
        if pair.leak:
            across.setdefault(pair.first.split, set()).add(pair.second.id)
    assert inside["test"] == 78
    assert {split: len(ids) for split, ids in across.items()} == {"pool": 5, "dev": 14}
