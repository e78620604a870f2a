"""The four built-in benchmarks, one file each."""

from openmedlm.data.benchmarks.benchmark import Benchmark, HubTable, OfficialSplit
from openmedlm.data.benchmarks.medmcqa import MEDMCQA
from openmedlm.data.benchmarks.medqa import MEDQA
from openmedlm.data.benchmarks.mmlu import MMLU
from openmedlm.data.benchmarks.pubmedqa import PUBMEDQA

BENCHMARKS: dict[str, Benchmark] = {b.name: b for b in (MEDQA, MEDMCQA, PUBMEDQA, MMLU)}
"""Name to benchmark."""

__all__ = ["BENCHMARKS", "Benchmark", "HubTable", "OfficialSplit"]
