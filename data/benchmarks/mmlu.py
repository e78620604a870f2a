"""MMLU, its six medical subjects: Hendrycks et al. 2021, arXiv 2009.03300."""

from collections.abc import Mapping

from openmedlm.data.benchmarks.benchmark import Benchmark, HubTable, OfficialSplit
from openmedlm.data.schema import letters

REPOSITORY = "cais/mmlu"
REVISION = "c30699e8356da336a370243923dbaf21066bb9fe"
SUBJECTS = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)


def record_from_hub(row: Mapping[str, object], table: HubTable, index: int) -> dict[str, object]:
    """Convert a row with four `choices` and `answer`, the index of the gold option.

    The hub's name for the authors' `val` split is `validation`; ids contain `val`.
    """
    gold = row["answer"]
    split = "val" if table.split == "validation" else table.split
    return {
        "id": f"mmlu-{table.config}-{split}-{index:03d}",
        "subject": table.config,
        "question": row["question"],
        "options": row["choices"],
        "answer": letters(4)[gold] if isinstance(gold, int) and 0 <= gold < 4 else None,
    }


def _tables(split: str) -> tuple[HubTable, ...]:
    return tuple(HubTable(REPOSITORY, REVISION, split, subject) for subject in SUBJECTS)


MMLU = Benchmark(
    name="mmlu",
    title="MMLU (six medical subjects)",
    licence="MIT",
    pool=OfficialSplit("dev", 30, _tables("dev")),
    dev=OfficialSplit("val", 123, _tables("validation")),
    test=OfficialSplit("test", 1_089, _tables("test")),
    record_from_hub=record_from_hub,
)
