"""Result of one check."""

from dataclasses import dataclass
from typing import Literal

from openmedlm.doctor.reply import Reply

Status = Literal["yes", "no", "ignored", "unknown"]
"""`ignored`: the server accepts the request field, and it has no effect."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check.

    Attributes:
        status: Whether the server supports what was checked.
        text: Evidence, in a few words.
        option: Option of other commands that follows from it; empty if there is none.
        needed: Whether the option is part of the command that fits; otherwise the user may choose it.
        fatal: Error line if no run is possible; empty otherwise.
    """

    status: Status
    text: str
    option: str = ""
    needed: bool = True
    fatal: str = ""


def unknown(text: str) -> Finding:
    """Return the finding of a check that could not decide."""
    return Finding("unknown", text)


def refusal(reply: Reply, option: str = "") -> Finding:
    """Return the finding of a request without a completion: refused, or failed for another reason."""
    return Finding("no", reply.error, option) if reply.refused else unknown(reply.error)
