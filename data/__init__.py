"""Questions in: the four benchmarks and the user's own, their splits, the embedded sample, duplicates.

Importing this room loads neither `datasets` nor `pyarrow`: they come in when a hub table or a parquet file is read.
"""

from data.benchmarks import BENCHMARKS, Benchmark
from data.checking import Repetitions, Twins, clusters, twins
from data.duplicates import Profile, duplicate_kind, near_duplicate, profile
from data.errors import BadInput
from data.files import read_questions, write_questions
from data.fingerprint import fingerprint
from data.importing import import_questions
from data.question import SPLITS, Question
from data.records import question_from_record, record_of
from data.sources import Availability, available, load_split

__all__ = [
    "BENCHMARKS",
    "SPLITS",
    "Availability",
    "BadInput",
    "Benchmark",
    "Profile",
    "Question",
    "Repetitions",
    "Twins",
    "available",
    "clusters",
    "duplicate_kind",
    "fingerprint",
    "import_questions",
    "load_split",
    "near_duplicate",
    "profile",
    "question_from_record",
    "read_questions",
    "record_of",
    "twins",
    "write_questions",
]
