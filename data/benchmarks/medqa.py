"""MedQA (USMLE), four options: Jin et al. 2020, arXiv 2009.13081."""

from collections.abc import Mapping

from openmedlm.data.benchmarks.benchmark import Benchmark, HubTable, OfficialSplit
from openmedlm.data.schema import letters

REPOSITORY = "GBaker/MedQA-USMLE-4-options"
REVISION = "0fb93dd23a7339b6dcd27e241cb9b5eca62d4d18"

DEV_REPOSITORY = "openlifescienceai/MedQA-USMLE-4-options-hf"
DEV_REVISION = "20a8f4d6b851f6391751f6e76c06bc3a26c83e0b"


def record_from_hub(row: Mapping[str, object], table: HubTable, index: int) -> dict[str, object]:
    """Convert a row of either of the two schemas on the hub.

    `REPOSITORY` has the official train and test splits (`question`, `options`, `answer_idx`, `meta_info`) and no
    validation split. `DEV_REPOSITORY` has the official dev questions with four options in the multiple-choice schema
    (`sent1`, `ending0` … `ending3`, `label`), which lacks the exam step.
    """
    if "sent1" in row:
        label = row["label"]
        return {
            "id": f"medqa-dev-{index:04d}",
            "question": row["sent1"],
            "options": [row[f"ending{n}"] for n in range(4)],
            "answer": letters(4)[label] if isinstance(label, int) and 0 <= label < 4 else None,
        }
    digits = 5 if table.split == "train" else 4
    return {
        "id": f"medqa-{table.split}-{index:0{digits}d}",
        "subject": row["meta_info"],
        "question": row["question"],
        "options": row["options"],
        "answer": row["answer_idx"],
    }


MEDQA = Benchmark(
    name="medqa",
    title="MedQA (USMLE, 4 options)",
    licence="MIT",
    pool=OfficialSplit("train", 10_178, (HubTable(REPOSITORY, REVISION, "train"),)),
    dev=OfficialSplit("dev", 1_272, (HubTable(DEV_REPOSITORY, DEV_REVISION, "validation"),)),
    test=OfficialSplit("test", 1_273, (HubTable(REPOSITORY, REVISION, "test"),)),
    record_from_hub=record_from_hub,
)
