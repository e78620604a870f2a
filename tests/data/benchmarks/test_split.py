from hypothesis import given
from hypothesis import strategies as st

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark
from openmedlm.data.benchmarks.split import hold_out
from openmedlm.data.question import SPLITS, Question

id_sets = st.lists(st.text(max_size=8), unique=True, max_size=40)


@given(id_sets, st.integers(0, 50), st.randoms())
def test_hold_out_does_not_depend_on_order(ids: list[str], count: int, random: object) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert hold_out(shuffled, count) == hold_out(ids, count)


@given(id_sets, st.integers(0, 50))
def test_hold_out_returns_count_ids_if_there_are_enough(ids: list[str], count: int) -> None:
    chosen = hold_out(ids, count)
    assert chosen <= set(ids)
    assert len(chosen) == min(count, len(ids))


@given(id_sets, st.integers(0, 50), st.data())
def test_hold_out_of_a_subset_keeps_the_ids(ids: list[str], count: int, data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    assert hold_out(ids, count) & set(part) <= hold_out(part, count)


def test_hold_out_other_seed_other_ids() -> None:
    ids = [str(n) for n in range(200)]
    assert hold_out(ids, 50, seed=1) != hold_out(ids, 50, seed=2)


def test_hold_out_has_the_known_values() -> None:
    chosen = hold_out((f"medmcqa-train-{n:06d}" for n in range(1_000)), 3)
    assert sorted(chosen) == ["medmcqa-train-000256", "medmcqa-train-000594", "medmcqa-train-000791"]


def question(number: int, benchmark: Benchmark) -> Question:
    return Question(f"{number}", benchmark.name, "any", "Which?", {"A": "x", "B": "y"}, "A")


def test_filter_split_pool_and_dev_are_disjoint_and_complete() -> None:
    for name, official_size in (("medmcqa", 3_000), ("pubmedqa", 500)):
        benchmark = BENCHMARKS[name]
        questions = [question(n, benchmark) for n in range(official_size)]
        pool, dev = (benchmark.filter_split(split, questions) for split in ("pool", "dev"))
        assert len(dev) == benchmark.official_count("dev")
        assert sorted(pool + dev, key=lambda q: int(q.id)) == questions
        assert pool == sorted(pool, key=lambda q: int(q.id))


def test_filter_split_official_dev_keeps_all_questions() -> None:
    questions = [question(n, BENCHMARKS["medqa"]) for n in range(20)]
    assert all(BENCHMARKS["medqa"].filter_split(split, questions) == questions for split in SPLITS)
    assert BENCHMARKS["medmcqa"].filter_split("test", questions) == questions
