import pytest

from openmedlm.data.benchmarks import BENCHMARKS
from openmedlm.data.question import SPLITS

TABLE = {
    "medqa": (10_178, 1_272, 1_273),
    "medmcqa": (181_822, 1_000, 4_183),
    "pubmedqa": (375, 125, 500),
    "mmlu": (30, 123, 1_089),
}


def test_official_count_has_the_published_values() -> None:
    counts = {name: tuple(b.official_count(split) for split in SPLITS) for name, b in BENCHMARKS.items()}
    assert counts == TABLE


@pytest.mark.parametrize("name", BENCHMARKS)
def test_hub_tables_have_a_full_commit_as_revision(name: str) -> None:
    tables = [table for split in SPLITS for table in BENCHMARKS[name].official(split).tables]
    assert tables
    for table in tables:
        assert len(table.revision) == 40
        assert set(table.revision) <= set("0123456789abcdef")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_test_split_is_not_pool_or_dev(name: str) -> None:
    benchmark = BENCHMARKS[name]
    assert benchmark.test.name not in {benchmark.pool.name, benchmark.dev.name}
