"""Examination of a server: all checks, one after another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openmedlm.doctor.advice import ladder_command
from openmedlm.doctor.checks import CHECKS
from openmedlm.doctor.finding import Finding, unknown
from openmedlm.doctor.probe import Probe, open_probe
from openmedlm.doctor.server import Server
from openmedlm.inference.endpoint import Endpoint
from openmedlm.programs import Template


@dataclass(frozen=True, slots=True)
class Examination:
    """Results of all checks.

    Attributes:
        model: Model string of the user.
        api_base: Address that answers; None if litellm chooses it.
        findings: Finding of each check, by its name, in the order of the checks.
        command: Arguments of the ladder command that fits; empty if no run is possible.
        fatal: Error line if no run is possible; empty otherwise.
    """

    model: str
    api_base: str | None
    findings: Mapping[str, Finding]
    command: tuple[str, ...]
    fatal: str

    @property
    def usable(self) -> bool:
        """True if runs are possible."""
        return not self.fatal

    def as_json(self) -> dict[str, Any]:
        """Return the examination as plain JSON values."""
        return {
            "model": self.model,
            "api_base": self.api_base,
            "checks": [
                {"name": name, "status": finding.status, "finding": finding.text, "option": finding.option or None}
                for name, finding in self.findings.items()
            ],
            "command": list(self.command),
            "usable": self.usable,
        }


async def examine(
    endpoint: Endpoint,
    *,
    timeout: float,
    nonce: str,
    template: Template | None = None,
    on_check: Callable[[int, int, str], None] | None = None,
) -> Examination:
    """Run all checks on a server; nothing is read from the completion cache, or written to it.

    Args:
        endpoint: Endpoint from `connect`.
        timeout: Maximum seconds of one request.
        nonce: Text that no earlier prompt to the server held.
        template: Template of the prompts; None finds it.
        on_check: Called with the number of each check, the number of all, and its name, before it runs.
    """
    async with open_probe(endpoint, timeout) as probe:
        server = Server(endpoint, probe, template, nonce)
        findings: dict[str, Finding] = {}
        fatal = ""
        for number, check in enumerate(CHECKS, start=1):
            if fatal:
                findings[check.name] = unknown("not checked")
            elif check.direct and not endpoint.direct:
                findings[check.name] = unknown("not available through litellm")
            else:
                if on_check is not None:
                    on_check(number, len(CHECKS), check.name)
                findings[check.name] = await _run(check.run, server)
                fatal = findings[check.name].fatal
        return _result(server, probe, findings, fatal)


async def _run(check: Callable[[Server], Any], server: Server) -> Finding:
    """Run one check; a response of an unexpected form fails this check only."""
    try:
        finding: Finding = await check(server)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return unknown(f"unexpected response: {type(error).__name__}: {error}")
    return finding


def _result(server: Server, probe: Probe, findings: Mapping[str, Finding], fatal: str) -> Examination:
    model, address = server.endpoint.model, probe.address
    named = None if server.endpoint.embedded else address
    template = server.template.name if server.fixed_template else ""
    command = () if fatal else ladder_command(model, named, findings.values(), template)
    return Examination(model, address, findings, command, fatal)
