"""Questions: the four benchmarks and the user's own, their splits, the embedded sample, duplicates.

The import of this package loads neither `datasets` nor `pyarrow`; they are imported when a hub table or a parquet file
is read.
"""

from openmedlm.data.benchmarks import BENCHMARKS, Benchmark
from openmedlm.data.duplicates import DuplicateIndex, DuplicatePair, clusters, find_duplicates
from openmedlm.data.files import read_questions, write_questions
from openmedlm.data.fingerprint import fingerprint
from openmedlm.data.import_questions import import_questions
from openmedlm.data.load import Availability, available, load_split
from openmedlm.data.option_texts import OwnLetters, RepeatedOptions, find_own_letters, find_repeated_options
from openmedlm.data.question import SPLITS, Question, canonical_split
from openmedlm.data.schema import question_from_record, to_record
from openmedlm.data.text_profile import DuplicateKind, Profile, duplicate_kind, near_duplicate, profile
from openmedlm.utils.errors import UserError

__all__ = [
    "BENCHMARKS",
    "SPLITS",
    "Availability",
    "Benchmark",
    "DuplicateIndex",
    "DuplicateKind",
    "DuplicatePair",
    "OwnLetters",
    "Profile",
    "Question",
    "RepeatedOptions",
    "UserError",
    "available",
    "canonical_split",
    "clusters",
    "duplicate_kind",
    "find_duplicates",
    "find_own_letters",
    "find_repeated_options",
    "fingerprint",
    "import_questions",
    "load_split",
    "near_duplicate",
    "profile",
    "question_from_record",
    "read_questions",
    "to_record",
    "write_questions",
]
