"""Thinking in a search space: fixed by options, or searched once the model is seen to think."""

from openmedlm.inference import Endpoint
from openmedlm.optimizers import ProgramConfig
from openmedlm.optimizers.search.space import SEARCHED_THINKING_TOKENS, Space
from openmedlm.optimizers.search.trial_config import DEFAULT
from openmedlm.programs.sampling_params import Thinking

LEVELS: tuple[Thinking, ...] = ("low", "high")
"""Levels that are searched, where the endpoint takes them."""


def fix_thinking(space: Space, config: ProgramConfig) -> Space:
    """Return the space with the parameters fixed that `--thinking`, `--thinking-tokens` and `--max-tokens` decide.

    A limit of the whole completion limits the thoughts, too.
    """
    fixed: dict[str, tuple[object, ...]] = {}
    if config.thinking != DEFAULT:
        fixed["thinking"] = (DEFAULT,)
    if config.thinking == "off" or config.thinking_tokens is not None or config.max_tokens is not None:
        fixed["thinking_tokens"] = (None,)
    return space.model_copy(update=fixed)


def searched_thinking(space: Space, endpoint: Endpoint) -> Space:
    """Return the space for a model that thinks: thinking off and on, levels if the endpoint takes them, two budgets.

    Parameters that the space file names, or that an option fixes, stay.
    """
    levels = LEVELS if endpoint.thinking_fields in ("effort", "both") else ()
    searched = {"thinking": ("off", "default", *levels), "thinking_tokens": SEARCHED_THINKING_TOKENS}
    free = {name: choices for name, choices in searched.items() if name not in space.model_fields_set}
    return space.model_copy(update=free)


def describe_thinking(space: Space, model: str) -> str:
    """Return the notice that the search includes thinking."""
    budgets = " and ".join(f"{tokens:,}" for tokens in space.thinking_tokens if tokens is not None)
    tokens = f", with {budgets} tokens for thoughts" if budgets else ""
    return (
        f"the search for {model} includes thinking {', '.join(space.thinking)}{tokens}. Fix them with --thinking and "
        "--thinking-tokens, or choose them in --space."
    )
