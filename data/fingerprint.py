"""A name for exactly these questions, so that a changed data set is noticed."""

import hashlib
import json
from collections.abc import Iterable

from openmedlm.data.question import Question
from openmedlm.data.schema import to_record


def fingerprint(questions: Iterable[Question]) -> str:
    """The sha256, in hex, over the questions' canonical JSON records, one a line, in the order given.

    Canonical means sorted keys, no spaces, UTF-8. Another order, a changed letter or another split is another
    fingerprint; the format of the file that the questions came from is not.
    """
    digest = hashlib.sha256()
    for question in questions:
        line = json.dumps(to_record(question), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
