"""Tests of completions in responses: forms of text and thoughts, odd side fields, and errors with HTTP 200."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.inference.errors import EndpointError
from openmedlm.inference.event_stream import join_event_stream
from openmedlm.inference.request import Completion
from openmedlm.inference.response import parse_completions

USAGE = {"prompt_tokens": 9, "completion_tokens": 4}


def body(message: Any = None, usage: Any = USAGE, **choice: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}], "usage": usage}


def parse(response: Any, count: int | None = None) -> Completion:
    return parse_completions(response, 0.0, None, count)[0]


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("B", "B", ""),
        (None, "", ""),
        ([], "", ""),
        ([{"type": "text", "text": "B"}], "B", ""),
        (["The answer ", {"type": "text", "text": "is B."}], "The answer is B.", ""),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "B"}],
            "B",
            "Hm.",
        ),
        ([{"type": "reasoning", "text": "Hm."}, {"type": "output_text", "text": "B"}], "B", "Hm."),
        ([{"type": "reasoning", "summary": [{"text": "Hm."}]}, {"text": "B"}], "B", "Hm."),
        ([{"text": "Hm.", "thought": True}, {"text": "B"}], "B", "Hm."),
        ([[{"type": "text", "text": "B"}], {"type": "text", "text": ["C", "D"]}], "BCD", ""),
        ([{"type": "image_url", "image_url": {}}, 7, None, {"type": "text", "text": "B"}], "B", ""),
        ([{"type": "text", "text": {"value": "B", "annotations": []}}], "B", ""),
        ([{"type": "text", "text": 5}, {"type": "text", "text": "B"}], "B", ""),
        ({"type": "text", "text": "B"}, "B", ""),
        ({"text": "B"}, "B", ""),
        ("<think>Hm.</think>B", "<think>Hm.</think>B", ""),
    ],
)
def test_content_of_any_form_is_text_and_thoughts(content: Any, text: str, reasoning: str) -> None:
    done = parse(body({"role": "assistant", "content": content}))
    assert (done.text, done.reasoning, done.finish_reason) == (text, reasoning, "stop")


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"thinking": "Hm."},
        {"reasoning": {"text": "Hm."}},
        {"reasoning": {"summary": "Hm."}},
        {"reasoning_content": ["H", "m."]},
        {
            "reasoning_details": [
                {"type": "reasoning.text", "text": "Hm."},
                {"type": "reasoning.encrypted", "data": "x"},
            ]
        },
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm."}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]},
        {"reasoning_content": "Hm.", "reasoning": "Hm.", "reasoning_details": [{"text": "Hm."}]},
        {"reasoning_content": None, "reasoning": "Hm."},
    ],
)
@pytest.mark.parametrize("content", ["B", None])
def test_thoughts_of_any_field_are_reasoning(fields: dict[str, Any], content: str | None) -> None:
    done = parse(body({"content": content, **fields}))
    assert (done.text, done.reasoning) == (content or "", "Hm.")


@pytest.mark.parametrize("odd", [7, True, {"data": "x"}, {"depth": {"text": 3}}, [1, None], {"text": ["a", 3]}, 0.5])
def test_odd_reasoning_never_discards_an_answer(odd: Any) -> None:
    assert parse(body({"content": "B", "reasoning": odd, "thinking_blocks": odd})).text == "B"


@pytest.mark.parametrize(
    "odd", [-35, 3.5, 12.0, "many", "12", True, 2**31, 10**30, None, [3], {"a": 1}, float("nan"), float("inf")]
)
def test_odd_count_is_unknown(odd: Any) -> None:
    usage = {
        "prompt_tokens": odd,
        "completion_tokens": odd,
        "prompt_tokens_details": {"cached_tokens": odd},
        "completion_tokens_details": {"reasoning_tokens": odd},
    }
    done = parse(body({"content": "B"}, usage))
    assert (done.text, done.prompt_tokens, done.completion_tokens, done.cached_tokens) == ("B", 0, 0, 0)
    assert done.reasoning_tokens is None


@pytest.mark.parametrize("usage", [None, [], [{"prompt_tokens": 1}], "9", 9, {}, {"prompt_tokens_details": [1]}])
def test_odd_usage_is_unknown(usage: Any) -> None:
    done = parse(body({"content": "B"}, usage))
    assert (done.text, done.prompt_tokens, done.reasoning_tokens) == ("B", 0, None)


@pytest.mark.parametrize("reason", [{"type": "stop", "matched": 2}, 1, None, [], True, ""])
def test_odd_finish_reason_is_none(reason: Any) -> None:
    done = parse(body({"content": "B"}, finish_reason=reason))
    assert (done.text, done.finish_reason) == ("B", None)


@pytest.mark.parametrize(
    "usage",
    [{**USAGE, "completion_tokens_details": {"reasoning_tokens": 3}}, {**USAGE, "reasoning_tokens": 3}],
)
def test_reasoning_tokens_are_divided_among_choices(usage: Any) -> None:
    choices = [{"message": {"content": letter}} for letter in "AB"]
    done = parse_completions({"choices": choices, "usage": usage}, 0.0, 0.4)
    assert [each.reasoning_tokens for each in done] == [2, 1]
    assert [(each.prompt_tokens, each.completion_tokens, each.cost_usd) for each in done] == [(9, 2, 0.2), (0, 2, 0.2)]


@pytest.mark.parametrize(
    ("message", "text", "reason"),
    [
        ({"content": None, "refusal": "I cannot help."}, "I cannot help.", "refusal"),
        ({"content": "", "refusal": "I cannot help."}, "I cannot help.", "refusal"),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, "No.", "refusal"),
        ({"content": "B", "refusal": "odd"}, "B", "stop"),
        ({"content": "B", "refusal": None}, "B", "stop"),
        (
            {"content": None, "tool_calls": [{"function": {"name": "answer", "arguments": '{"answer": "B"}'}}]},
            '{"answer": "B"}',
            "tool_calls",
        ),
        ({"tool_calls": [{"function": {"arguments": {"answer": "B"}}}]}, '{"answer":"B"}', "tool_calls"),
        ({"content": "", "function_call": {"name": "a", "arguments": '{"x": 1}'}}, '{"x": 1}', "tool_calls"),
        ({"content": "B", "tool_calls": [{"function": {"arguments": "{}"}}]}, "B", "stop"),
        ({"content": None, "tool_calls": None, "function_call": None}, "", "stop"),
        ({"content": None, "tool_calls": ["odd", {"function": 3}]}, "", "stop"),
    ],
)
def test_answer_beside_the_content_is_read(message: dict[str, Any], text: str, reason: str) -> None:
    done = parse(body(message))
    assert (done.text, done.finish_reason) == (text, reason)


def test_text_completion_and_plain_message_are_read() -> None:
    assert parse({"choices": [{"text": " B", "finish_reason": "stop"}]}).text == " B"
    assert parse({"choices": [{"text": None, "finish_reason": "length"}]}).text == ""
    assert parse({"choices": [{"message": "B"}]}).text == "B"


@pytest.mark.parametrize(
    ("indices", "order"), [([2, 0, 1], "BCA"), ([0, 0, 1], "ABC"), ([1, None, 0], "ABC"), ([1, "0", 2], "ABC")]
)
def test_choices_are_in_the_order_of_valid_indices(indices: list[Any], order: str) -> None:
    choices = [{"index": i, "message": {"content": text}} for i, text in zip(indices, "ABC", strict=True)]
    assert "".join(each.text for each in parse_completions({"choices": choices}, 0.0, None)) == order


def test_choices_that_were_not_asked_for_are_left_out() -> None:
    choices = [{"message": {"content": letter}} for letter in "ABC"]
    done = parse_completions({"choices": choices, "usage": USAGE}, 0.0, None, 2)
    assert [(each.text, each.completion_tokens) for each in done] == [("A", 2), ("B", 2)]


UPSTREAM = {"code": 502, "message": "Upstream idle timeout"}
FAILED_CHOICES = {
    "finish reason and error": [{"finish_reason": "error", "error": UPSTREAM, "message": {"content": ""}}],
    "finish reason alone": [{"finish_reason": "error", "message": {"content": ""}}],
    "abort": [{"finish_reason": "abort", "message": {"content": None}}],
    "error beside a stop": [{"finish_reason": "stop", "error": UPSTREAM, "message": {"content": ""}}],
    "error as text": [{"error": "Upstream idle timeout", "message": {"content": None}}],
    "error in the message": [{"message": {"content": None, "error": UPSTREAM}}],
    "half an answer": [{"finish_reason": "error", "error": UPSTREAM, "message": {"content": "The answer is"}}],
    "no message": [{"finish_reason": "error", "error": UPSTREAM}],
    "text completion": [{"finish_reason": "error", "text": ""}],
}


@pytest.mark.parametrize("choices", FAILED_CHOICES.values(), ids=FAILED_CHOICES)
def test_error_in_every_choice_is_transient(choices: Any) -> None:
    with pytest.raises(EndpointError, match="error in the response") as caught:
        parse({"choices": choices, "usage": {"prompt_tokens": 0, "completion_tokens": 0}})
    assert (caught.value.transient, caught.value.in_response, caught.value.failure) == (True, True, "http")


@pytest.mark.parametrize("choices", FAILED_CHOICES.values(), ids=FAILED_CHOICES)
def test_one_failed_choice_leaves_the_others(choices: Any) -> None:
    whole = {"message": {"content": "B"}, "finish_reason": "stop"}
    done = parse_completions({"choices": [whole, *choices, whole], "usage": USAGE}, 0.0, None)
    assert [(each.text, each.finish_reason) for each in done] == [("B", "stop"), ("", "error"), ("B", "stop")]


@pytest.mark.parametrize(
    ("error", "status", "transient", "cause"),
    [
        ({"message": "overloaded"}, None, True, None),
        ("overloaded", None, True, None),
        (UPSTREAM, 502, True, None),
        ({"code": "503", "message": "busy"}, 503, True, None),
        ({"code": 429, "message": "rate limit"}, 429, True, None),
        ({"code": 400, "message": "bad request"}, 400, False, None),
        ({"code": 401, "message": "no auth"}, 401, False, "key"),
        ({"message": "Incorrect API key provided"}, None, False, "key"),
        ({"code": "insufficient_quota", "message": "check your plan"}, None, False, "quota"),
        ({"code": 402, "message": "more credits needed"}, 402, False, "quota"),
        ({"code": 404, "message": "no such model"}, 404, False, None),
        ({"message": "Model x is currently loading"}, None, True, "loading"),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"choices": []}, {"choices": None}, {"choices": [{"message": {}}]}])
def test_error_with_status_200_is_classified(
    error: Any, status: int | None, transient: bool, cause: str | None, beside: dict[str, Any]
) -> None:
    with pytest.raises(EndpointError) as caught:
        parse({"error": error, **beside})
    assert (caught.value.status, caught.value.transient, caught.value.cause) == (status, transient, cause)


@pytest.mark.parametrize("error", [None, "", {}, False, {"code": 0, "message": ""}, {"code": None, "message": None}])
def test_empty_error_field_is_no_error(error: Any) -> None:
    assert parse({**body({"content": "B"}), "error": error}).text == "B"


@pytest.mark.parametrize(
    "response",
    [None, [], "B", 7, {}, {"choices": "B"}, {"choices": {}}, {"choices": [None]}, {"choices": [{}]}, body(None),
     body({"content": 5}), body({"content": True}), body({"content": {"foo": 1}}), {"choices": [{"text": 5}]}],
)  # fmt: skip
def test_malformed_response_is_transient(response: Any) -> None:
    with pytest.raises(EndpointError) as caught:
        parse(response)
    assert (caught.value.failure, caught.value.transient) == ("malformed", True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "type", "code", "a"]), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("reasoning", "reasoning_content", "thinking_blocks"), JSON)),
    JSON,
    JSON,
)
def test_no_side_field_discards_an_answer(fields: dict[str, Any], usage: Any, reason: Any) -> None:
    if reason in ("error", "abort"):
        return
    done = parse(body({"content": "B", **fields}, usage, finish_reason=reason))
    assert done.text == "B"
    assert 0 <= done.prompt_tokens < 2**31


def test_deeply_nested_content_is_malformed() -> None:
    content: Any = "B"
    for _ in range(5_000):
        content = [content]
    with pytest.raises(EndpointError):
        parse(body({"content": content}))


def test_event_stream_is_read_as_one_response() -> None:
    events = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]},
        {"choices": [{"index": 0, "delta": {"content": "The "}}]},
        {"choices": [{"index": 0, "delta": {"content": "B"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": USAGE},
    ]
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    done = parse(join_event_stream(text))
    assert (done.text, done.reasoning, done.finish_reason, done.completion_tokens) == ("The B", "Hm.", "stop", 4)


@pytest.mark.parametrize("text", ["", "B", "<html>", "data: not json", "data: 3", "data: [DONE]"])
def test_other_text_is_no_event_stream(text: str) -> None:
    assert join_event_stream(text) is None
