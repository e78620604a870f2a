"""Tests of token numbers in the messages of requests that are too long."""

import pytest

from openmedlm.inference.causes import find_cause
from openmedlm.inference.context_limit import parse_context_limit

MESSAGES = {
    "vLLM, old": (
        "This model's maximum context length is 4096 tokens. However, you requested 4500 tokens (4000 in the messages, "
        "500 in the completion). Please reduce the length of the messages or completion.",
        96,
    ),
    "vLLM, text prompt": (
        "This model's maximum context length is 4096 tokens. However, you requested 4500 tokens (4000 in the prompt, "
        "500 in the completion).",
        96,
    ),
    "vLLM, later": (
        "'max_tokens' or 'max_completion_tokens' is too large: 500. This model's maximum context length is 4096 tokens "
        "and your request has 4000 input tokens (500 > 4096 - 4000).",
        96,
    ),
    "vLLM, lower bound": (
        "This model's maximum context length is 4096 tokens. However, you requested 500 output tokens and your prompt "
        "contains at least 3597 input tokens, for a total of at least 4097 tokens.",
        250,
    ),
    "vLLM, passed": (
        "You passed 4000 input tokens and requested 500 output tokens. However, the model's context length is only "
        "4096 tokens, resulting in a maximum input length of 3596 tokens.",
        96,
    ),
    "SGLang": (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of "
        "4500 tokens: 4000 tokens from the input messages and 500 tokens for the completion.",
        96,
    ),
    "TGI": (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and "
        "500 `max_new_tokens`",
        96,
    ),
    "Anthropic": ("input length and `max_tokens` exceed context limit: 4000 + 500 > 4096, decrease input length", 96),
    "OpenAI, completion": (
        "max_tokens is too large: 500. This model supports at most 400 completion tokens, whereas you provided 500.",
        400,
    ),
    "DeepSeek": ("Invalid max_tokens value, the valid range of max_tokens is [1, 400]", 400),
    "Groq": ("`max_tokens` must be less than or equal to `400`, the maximum value for `max_tokens` is less", 400),
    "thousands": ("maximum context length is 4,096 tokens. However, you requested (4,000 in the messages)", 96),
    "no numbers": ("the prompt and completion exceed the context window", 250),
}

TOO_LONG = {
    "OpenAI": "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
    "vLLM": "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "SGLang": "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "llama.cpp": "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "llama.cpp fields": "the request exceeds the available context size. {'n_prompt_tokens': 5000, 'n_ctx': 4096}",
    "Mistral": "Prompt contains 5000 tokens and 0 draft tokens, too large for model with 4096 maximum context length",
    "TGI": "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
    "Anthropic": "prompt is too long: 5000 tokens > 4096 maximum",
    "Gemini": "The input token count (5000) exceeds the maximum number of tokens allowed (4096).",
    "Cohere": "too many tokens: total number of tokens in the prompt cannot exceed 4096 - received 5000.",
    "LM Studio": "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with "
    "context length of only 4096 tokens, which is not enough.",
}


@pytest.mark.parametrize(("message", "allowed"), MESSAGES.values(), ids=MESSAGES)
def test_max_tokens_is_the_largest_that_fits(message: str, allowed: int) -> None:
    assert find_cause(400, message) == "context"
    limit = parse_context_limit(message)
    assert (limit.max_tokens(500), limit.prompt_too_long) == (allowed, False)


@pytest.mark.parametrize("message", TOO_LONG.values(), ids=TOO_LONG)
def test_prompt_that_fills_the_context_is_too_long(message: str) -> None:
    assert find_cause(400, message) == "context"
    limit = parse_context_limit(message)
    assert (limit.context, limit.prompt, limit.prompt_too_long) == (4096, 5000, True)


def test_max_tokens_always_falls() -> None:
    limit = parse_context_limit("maximum context length is 4096 tokens and your request has 10 input tokens")
    assert limit.max_tokens(500) == 250, "the numbers contradict the refusal"
