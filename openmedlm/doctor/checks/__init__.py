"""Checks of a server, in their order."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from openmedlm.doctor.checks import contact, letters, roles, sampling, speed, thinking
from openmedlm.doctor.finding import Finding
from openmedlm.doctor.server import Server


class Check(NamedTuple):
    """Check with its name; `direct` if litellm cannot send its requests."""

    name: str
    run: Callable[[Server], Awaitable[Finding]]
    direct: bool = False


CHECKS = (
    Check("reachable", contact.check_reachable),
    Check("key", contact.check_key),
    Check("model", contact.check_model),
    Check("chat", contact.check_chat),
    Check("completions", contact.check_completions, direct=True),
    Check("parameters", sampling.check_parameters),
    Check("system role", roles.check_system),
    Check("exemplar turns", roles.check_turns),
    Check("thinking", thinking.check_thinking),
    Check("thinking off", thinking.check_off),
    Check("thinking levels", thinking.check_levels),
    Check("temperature", sampling.check_temperature),
    Check("seed", sampling.check_seed),
    Check("n", sampling.check_n, direct=True),
    Check("top_k", sampling.check_top_k),
    Check("min_p", sampling.check_min_p),
    Check("stop", sampling.check_stop),
    Check("logprobs", letters.check_logprobs),
    Check("structured_outputs", letters.check_structured_outputs, direct=True),
    Check("json_schema", letters.check_json_schema),
    Check("grammar", letters.check_grammar, direct=True),
    Check("letter after thoughts", letters.check_after_thoughts),
    Check("continued answer", roles.check_continued, direct=True),
    Check("usage", speed.check_usage),
    Check("prefix cache", speed.check_prefix_cache),
    Check("context length", contact.check_context),
    Check("rate limit", speed.check_rate_limit),
    Check("speed", speed.check_speed),
)
"""Checks in the order in which they run: later ones use the results of earlier ones."""
