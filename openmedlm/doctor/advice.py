"""Command that fits a server, by the findings about it."""

import shlex
from collections.abc import Iterable

from openmedlm.doctor.finding import Finding


def ladder_command(model: str, address: str | None, findings: Iterable[Finding], template: str = "") -> tuple[str, ...]:
    """Return the arguments of the ladder command with the options that differ from the defaults.

    Args:
        model: Model string.
        address: Address of the server; None leaves it out.
        findings: Findings, in the order of their options.
        template: Template that the user chose; empty if none.

    Example:
        >>> refused = Finding("no", "refused", "--template chat-user")
        >>> " ".join(ladder_command("local/small", None, [refused]))
        'openmedlm ladder -b mmlu --data-dir sample -m local/small --template chat-user'
    """
    arguments = ["openmedlm", "ladder", "-b", "mmlu", "--data-dir", "sample", "-m", model]
    if address is not None:
        arguments += ["--api-base", address]
    options = [finding.option for finding in findings if finding.option and finding.needed]
    if template:
        options.insert(0, f"--template {template}")
    for option in dict.fromkeys(options):
        arguments += shlex.split(option)
    return tuple(arguments)
