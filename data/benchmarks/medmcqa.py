"""MedMCQA, Indian medical entrance exams: Pal et al. 2022, PMLR 174, arXiv 2203.14371."""

from collections.abc import Mapping

from openmedlm.data.benchmarks.benchmark import Benchmark, HubTable, OfficialSplit
from openmedlm.data.schema import letters

REPOSITORY = "openlifescienceai/medmcqa"
REVISION = "91c6572c454088bf71b679ad90aa8dffcd0d5868"


def record_from_hub(row: Mapping[str, object], table: HubTable, index: int) -> dict[str, object]:
    """Convert a row with `opa` … `opd` and `cop`, the index of the gold option.

    The official test split has no gold answers (`cop` is -1), so the validation split is the test split, as is usual.
    The id of a train question is its row number; validation questions keep the authors' id.
    """
    gold = row["cop"]
    return {
        "id": f"medmcqa-train-{index:06d}" if table.split == "train" else f"medmcqa-{table.split}-{row['id']}",
        "subject": row["subject_name"],
        "question": row["question"],
        "options": [row["opa"], row["opb"], row["opc"], row["opd"]],
        "answer": letters(4)[gold] if isinstance(gold, int) and 0 <= gold < 4 else None,
        "explanation": row["exp"],
    }


TRAIN = OfficialSplit("train", 182_822, (HubTable(REPOSITORY, REVISION, "train"),))

MEDMCQA = Benchmark(
    name="medmcqa",
    title="MedMCQA",
    licence="MIT",
    pool=TRAIN,
    dev=TRAIN,
    test=OfficialSplit("validation", 4_183, (HubTable(REPOSITORY, REVISION, "validation"),)),
    record_from_hub=record_from_hub,
    dev_count=1_000,
)
