from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark
from openmedlm.data.benchmarks.split import set_aside
from openmedlm.data.question import SPLITS, Question

id_sets = st.lists(st.text(max_size=8), unique=True, max_size=40)


@given(id_sets, st.integers(0, 50), st.randoms())
def test_the_order_of_the_rows_does_not_matter(ids: list[str], count: int, random: object) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set_aside(shuffled, count) == set_aside(ids, count)


@given(id_sets, st.integers(0, 50))
def test_exactly_count_are_set_aside_where_there_are_enough(ids: list[str], count: int) -> None:
    chosen = set_aside(ids, count)
    assert chosen <= set(ids)
    assert len(chosen) == min(count, len(ids))


@given(id_sets, st.integers(0, 50), st.data())
def test_what_is_set_aside_from_the_whole_is_set_aside_from_every_part(
    ids: list[str], count: int, data: st.DataObject
) -> None:
    part = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    assert set_aside(ids, count) & set(part) <= set_aside(part, count)


def test_another_seed_sets_others_aside() -> None:
    ids = [str(n) for n in range(200)]
    assert set_aside(ids, 50, seed=1) != set_aside(ids, 50, seed=2)


def test_the_division_is_the_same_in_every_release() -> None:
    chosen = set_aside((f"medmcqa-train-{n:06d}" for n in range(1_000)), 3)
    assert sorted(chosen) == ["medmcqa-train-000256", "medmcqa-train-000594", "medmcqa-train-000791"]


def question(number: int, benchmark: Benchmark) -> Question:
    return Question(f"{number}", benchmark.name, "any", "Which?", {"A": "x", "B": "y"}, "A")


def test_pool_and_dev_of_one_official_split_are_disjoint_and_complete() -> None:
    for name, official_size in (("medmcqa", 3_000), ("pubmedqa", 500)):
        benchmark = BENCHMARKS[name]
        questions = [question(n, benchmark) for n in range(official_size)]
        pool, dev = (benchmark.split_dev(split, questions) for split in ("pool", "dev"))
        assert len(dev) == benchmark.official_count("dev")
        assert sorted(pool + dev, key=lambda q: int(q.id)) == questions
        assert pool == sorted(pool, key=lambda q: int(q.id))


def test_where_dev_is_an_official_split_nothing_is_divided() -> None:
    questions = [question(n, BENCHMARKS["medqa"]) for n in range(20)]
    assert all(BENCHMARKS["medqa"].split_dev(split, questions) == questions for split in SPLITS)
    assert BENCHMARKS["medmcqa"].split_dev("test", questions) == questions
