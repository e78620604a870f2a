"""Rationales in the answers and the thoughts of completions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.metrics import Vote, parse_completion, split_thoughts
from openmedlm.metrics.answer_parsing.thought_marks import MARKS
from openmedlm.optimizers.rationales.extract import (
    MAX_THOUGHT_WORDS,
    Extracted,
    RationaleFrom,
    extract_rationale,
)

OPTIONS = {"A": "Liver", "B": "Heart", "C": "Spleen"}
THOUGHTS = "At first A seems right. The heart pumps blood. So the answer is B."
REASONED = "The heart is a muscle that pumps blood through the whole body.\n\nAnswer: B"


def extract(
    text: str,
    reasoning: str = "",
    finish_reason: str = "stop",
    rationale_from: RationaleFrom = "auto",
    marks: tuple[str, ...] = (),
) -> Extracted:
    parsed = parse_completion(text, reasoning, finish_reason, OPTIONS, marks)
    vote = Vote(0, parsed.letter, parsed.rule, text, finish_reason=finish_reason, reasoning=reasoning)
    return extract_rationale(vote, OPTIONS, rationale_from, marks)


@pytest.mark.parametrize(
    ("text", "reasoning", "rationale", "source"),
    [
        (REASONED, "", "The heart is a muscle that pumps blood through the whole body.", "answer"),
        ("It pumps.\n\nAnswer: B", "", "It pumps.", "answer"),
        (f"<think>{THOUGHTS}</think>B", "", "At first A seems right. The heart pumps blood.", "thoughts"),
        (f"{THOUGHTS}</think>\n\nAnswer: B", "", "At first A seems right. The heart pumps blood.", "thoughts"),
        ("Answer: B", THOUGHTS, "At first A seems right. The heart pumps blood.", "thoughts"),
        ("It pumps.\n\nAnswer: B", THOUGHTS, "At first A seems right. The heart pumps blood.", "thoughts"),
        (REASONED, THOUGHTS, "The heart is a muscle that pumps blood through the whole body.", "answer"),
        ("It pumps.\n\nAnswer: B", "A, surely.", "It pumps.", "answer"),
        ("", THOUGHTS, "At first A seems right. The heart pumps blood.", "thoughts"),
        ("Answer: B<|im_end|>", THOUGHTS, "At first A seems right. The heart pumps blood.", "thoughts"),
    ],
)
def test_auto_takes_the_part_that_reasons(text: str, reasoning: str, rationale: str, source: str) -> None:
    assert extract(text, reasoning) == ("B", rationale, source, None)


@pytest.mark.parametrize(
    ("rationale_from", "rationale"),
    [
        ("answer", "The heart is a muscle that pumps blood through the whole body."),
        ("thoughts", "At first A seems right. The heart pumps blood."),
    ],
)
def test_named_part_gives_the_rationale(rationale_from: RationaleFrom, rationale: str) -> None:
    assert extract(REASONED, THOUGHTS, rationale_from=rationale_from).rationale == rationale


@pytest.mark.parametrize(
    ("text", "reasoning", "finish_reason", "rationale_from", "rejection"),
    [
        ("<think>At first the answer is A. But", "", "length", "auto", "cut off"),
        ("", "At first the answer is A. But", "length", "auto", "cut off"),
        (REASONED, "", "length", "auto", "cut off"),
        ("I can't decide.", "", "stop", "auto", "no letter"),
        ("The heart pumps, hence (B).", "", "stop", "auto", "no letter"),
        ("Answer: B", "", "stop", "auto", "no reasoning"),
        ("Answer: B", "The liver pumps. So the answer is A.", "stop", "auto", "no reasoning"),
        ("Answer: B", "Hm.", "stop", "auto", "no reasoning"),
        ("Answer: B", THOUGHTS, "stop", "answer", "no reasoning"),
        (REASONED, "", "stop", "thoughts", "no reasoning"),
        ("B", "So the answer is B.", "stop", "auto", "no reasoning"),
    ],
)
def test_rejected_completion_has_a_reason(
    text: str, reasoning: str, finish_reason: str, rationale_from: RationaleFrom, rejection: str
) -> None:
    found = extract(text, reasoning, finish_reason, rationale_from)
    assert (found.letter, found.rationale, found.rejection) == (None, None, rejection)


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: f"{mark.opening.strip()} {mark.family}")
def test_rationale_has_no_mark_of_any_family(mark: object) -> None:
    opening, closing = mark.opening, mark.final or mark.closing  # type: ignore[attr-defined]
    text = f'{opening}The heart pumps, not "<think>". Again {opening} it pumps. So the answer is B.{closing}B'
    found = extract(text)
    assert found.rationale is None or split_thoughts(found.rationale).mark is None
    assert not found.rationale or not {"<", "[", "◁", "|"} & set(found.rationale)


def test_own_marks_are_removed() -> None:
    text = f"<muse>{THOUGHTS.replace('The heart', '<muse>The heart')}</muse>Answer: B"
    found = extract(text, marks=("<muse>…</muse>",))
    assert found.source == "thoughts"
    assert found.rationale is not None
    assert "muse" not in found.rationale


def test_roles_between_channels_are_removed() -> None:
    text = f"<|channel|>analysis<|message|>{THOUGHTS}<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>"
    assert extract(text).rationale == "At first A seems right. The heart pumps blood."


@given(st.integers(1, 900), st.integers(1, 40))
def test_long_thoughts_keep_their_last_sentences(sentences: int, length: int) -> None:
    thoughts = " ".join(f"S{n}{' x' * length}." for n in range(sentences))
    found = extract("B", f"{thoughts} So the answer is B.")
    assert found.rationale is not None
    assert thoughts.endswith(found.rationale)
    assert len(found.rationale.split()) <= MAX_THOUGHT_WORDS
    assert found.rationale.startswith("S")


def test_one_endless_sentence_is_cut_at_a_word() -> None:
    found = extract("B", "x " * 1_000 + ". So the answer is B.")
    assert found.rationale is not None
    assert len(found.rationale.split()) == MAX_THOUGHT_WORDS


def test_blank_lines_do_not_stop_a_completion_prompt() -> None:
    found = extract("B", "The heart\n\n\n\npumps.\n \n\nSo the answer is B.")
    assert found.rationale == "The heart\n\npumps."
