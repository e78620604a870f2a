"""Checksum of a list of questions, so that a changed data set is noticed."""

import hashlib
import json
from collections.abc import Iterable

from openmedlm.data.question import Question
from openmedlm.data.schema import to_record


def fingerprint(questions: Iterable[Question]) -> str:
    """Return the sha256, in hex, of the questions' canonical JSON records, one per line, in the given order.

    Canonical means sorted keys, no spaces, UTF-8. The order, the split and every field change the fingerprint; the
    format of the source file does not.

    Example:
        >>> fingerprint([])[:12]
        'e3b0c44298fc'
    """
    digest = hashlib.sha256()
    for question in questions:
        line = json.dumps(to_record(question), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
