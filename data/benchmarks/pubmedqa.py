"""PubMedQA, the labelled part: Jin et al. 2019, arXiv 1909.06146."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from openmedlm.data.benchmarks.benchmark import Benchmark, HubTable, OfficialSplit

REPOSITORY = "qiaojin/PubMedQA"
REVISION = "9001f2853fb87cab8d220904e0de81ac6973b318"

OPTIONS = ("yes", "no", "maybe")
LETTERS = {"yes": "A", "no": "B", "maybe": "C"}


@cache
def official_test_ids() -> frozenset[str]:
    """Return the ids of the 500 official test questions: the keys of `test_ground_truth.json` of the authors."""
    pmids = files("openmedlm.data.benchmarks").joinpath("pubmedqa_test_ids.txt").read_text("ascii").split()
    return frozenset(f"pubmedqa-{pmid}" for pmid in pmids)


def record_from_hub(row: Mapping[str, object], table: HubTable, index: int) -> dict[str, object]:
    """Convert a row of `pqa_labeled`.

    The context is the abstract without its conclusion; the conclusion (`long_answer`) is the explanation. The options
    A, B and C are `yes`, `no` and `maybe`.
    """
    context = row["context"]
    return {
        "id": f"pubmedqa-{row['pubid']}",
        "question": row["question"],
        "context": context["contexts"] if isinstance(context, Mapping) else context,
        "options": list(OPTIONS),
        "answer": LETTERS.get(str(row["final_decision"])),
        "explanation": row["long_answer"],
    }


LABELLED = (HubTable(REPOSITORY, REVISION, "train", "pqa_labeled"),)
TRAIN = OfficialSplit("train", 500, LABELLED, contains_id=lambda id_: id_ not in official_test_ids())

PUBMEDQA = Benchmark(
    name="pubmedqa",
    title="PubMedQA (labelled)",
    licence="MIT",
    pool=TRAIN,
    dev=TRAIN,
    test=OfficialSplit("test", 500, LABELLED, contains_id=lambda id_: id_ in official_test_ids()),
    record_from_hub=record_from_hub,
    dev_count=125,
)
