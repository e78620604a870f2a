"""Tests of the causes of an endpoint's errors."""

from typing import Any

import pytest

from openmedlm.inference.causes import error_text, find_cause, make_error

QUOTA = [
    (402, "Payment required"),
    (402, "anything"),
    (429, "Error code: insufficient_quota"),
    (429, "You exceeded your current quota, please check your plan and billing details."),
    (400, "ExceededBudget: User=u over budget. Spend=1.2, Budget=1.0"),
    (422, "Budget has been exceeded! Current cost: 0.02, Max budget: 0.01"),
    (429, "budget_exceeded"),
    (403, "billing_hard_limit_reached"),
    (400, "Your credit balance is too low to access the Anthropic API."),
    (403, "You have used up all your credits. Not enough credits"),
    (429, "Your account is out of credits"),
    (402, "Insufficient Balance"),
]
KEY = [
    (401, "anything"),
    (400, "API key not valid. Please pass a valid API key."),
    (500, "litellm.InternalServerError: AnthropicException - Missing Anthropic API Key"),
    (500, "The api_key client option must be set either by passing api_key to the client or by setting the variable"),
    (403, "Invalid API key"),
    (403, "invalid_api_key"),
    (400, "No connected db. no_db_connection"),
    (None, "litellm.AuthenticationError: OpenAIException - no auth"),
    (500, "AuthenticationError: invalid x-api-key"),
]
LOADING = [
    (503, "Loading model"),
    (503, "Model meta-llama/Llama is currently loading"),
    (503, "model is still loading, please wait"),
    (500, "llm server loading model"),
    (503, "The model is not ready yet"),
    (503, "Service is starting up"),
    (503, "The server is warming up"),
    (503, "upstream connect error: no healthy upstream"),
    (425, "Model is loading"),
    (429, "The engine is not loaded"),
]
CONTEXT = [
    (400, "This model's maximum context length is 4096 tokens. However, you requested 4500 tokens"),
    (400, "the request exceeds the available context size. try increasing the context size"),
    (500, "context size exceeded"),
    (422, "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 500 `max_new_tokens`"),
    (413, "Prompt contains 33000 tokens, too large for model with 32768 maximum context length"),
    (400, "context_length_exceeded"),
    (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
    (400, "litellm.ContextWindowExceededError: too long"),
    (400, "prompt is too long: 210000 tokens > 200000 maximum"),
]
NONE = [
    (400, "temperature must be at most 2"),
    (404, "The model `x` does not exist"),
    (429, "Rate limit reached for requests per minute"),
    (503, "Service Unavailable"),
    (500, "CUDA error: an illegal memory access was encountered"),
    (429, "maximum context length of the queue"),
    (400, "unknown field: top_k"),
    (403, "The content was flagged"),
    (None, "overloaded"),
]


@pytest.mark.parametrize(
    ("status", "text", "cause"),
    [
        (status, text, cause)
        for cause, rows in (("quota", QUOTA), ("key", KEY), ("loading", LOADING), ("context", CONTEXT), (None, NONE))
        for status, text in rows
    ],
)
def test_find_cause_reads_status_and_message(status: int | None, text: str, cause: str | None) -> None:
    assert find_cause(status, text) == cause


@pytest.mark.parametrize(
    ("status", "transient"), [(400, False), (404, False), (408, True), (409, True), (429, True), (500, True),
                              (501, False), (502, True), (503, True), (504, True)]
)  # fmt: skip
def test_transience_follows_the_status(status: int, transient: bool) -> None:
    assert make_error(status, {"error": {"message": "no"}}).transient is transient


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ({"error": {"message": "see the docs", "code": "insufficient_quota"}}, "quota"),
        ({"error": {"message": "see the docs", "type": "exceed_context_size_error"}}, "context"),
        ({"error": "Model m is overloaded", "estimated_time": 20.5}, "loading"),
    ],
)
def test_code_and_type_name_the_cause(body: Any, cause: str) -> None:
    error = make_error(503 if cause == "loading" else 400, body)
    assert error.cause == cause
    assert error.retry_after == body.get("estimated_time")


def test_quota_per_minute_is_no_spent_quota() -> None:
    message = "You exceeded your current quota, please check your plan. Please retry in 34.07s."
    error = make_error(429, {"error": {"message": message, "status": "RESOURCE_EXHAUSTED"}})
    assert (error.cause, error.transient, error.retry_after) == (None, True, 34.07)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "a\n b"}}, "a b"),
        ({"error": "a"}, "a"),
        ({"object": "error", "message": "a", "code": 400}, "a"),
        ({"detail": "a"}, "a"),
        ({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "No"}]}, "body.seed: No"),
        ([{"error": {"message": "a"}}], "a"),
        ({"message": {"detail": {"error": "a"}}}, "a"),
        ("<html><head><title>x</title><style>p {}</style></head><body><p>Bad gateway</p></body></html>", "Bad gateway"),
        ("plain", "plain"),
        (None, "None"),
    ],
)  # fmt: skip
def test_error_text_is_the_innermost_message(body: Any, text: str) -> None:
    assert error_text(body) == text
