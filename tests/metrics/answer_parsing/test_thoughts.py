"""Thoughts of models that think: never parsed as the answer, whatever marks surround them."""

import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmedlm import metrics
from openmedlm.metrics.answer_parsing import parse_answer, parse_thought_mark, split_thoughts
from openmedlm.metrics.answer_parsing.thought_marks import MARKS, ThoughtMark, is_bracket_mark

DRUGS = {"A": "Aspirin", "B": "Heparin", "C": "Warfarin", "D": "Alteplase"}
THOUGHTS = "\nFirst I note that the answer is A.\nOption B? No."
CUT = "\nFirst I note that the answer is A. But wait, the patient"


def parse(completion: str, *marks: str) -> tuple[str | None, str]:
    parsed = parse_answer(completion, DRUGS, thought_marks=marks)
    return parsed.letter, parsed.rule


def block(mark: ThoughtMark, thoughts: str = THOUGHTS) -> str:
    return f"{mark.opening}{thoughts}\n{mark.closing}{mark.final}"


def row_id(mark: ThoughtMark) -> str:
    return f"{mark.family}-{mark.opening.strip()}"


def keeps_case(mark: ThoughtMark) -> bool:
    return mark.opening.strip().isalpha()


EVERY_ROW = pytest.mark.parametrize("mark", MARKS, ids=row_id)


@EVERY_ROW
@pytest.mark.parametrize("answer", ["D", "\n\nD. Alteplase", " The answer is D.", "\n**D**", "\n\\boxed{D}"])
def test_listed_mark_closed_gives_the_answer(mark: ThoughtMark, answer: str) -> None:
    assert parse(block(mark) + answer)[0] == "D"


@EVERY_ROW
@pytest.mark.parametrize("before", ["", "\n \n", "\ufeff", "<s>", "<|im_start|>assistant\n", "<start_of_turn>model\n"])
def test_listed_mark_after_space_or_template_token_counts(mark: ThoughtMark, before: str) -> None:
    assert parse(f"{before}{block(mark)}\nD")[0] == "D"
    assert parse(before + mark.opening + CUT) == (None, "truncated")


@EVERY_ROW
def test_listed_mark_cut_off_is_truncated(mark: ThoughtMark) -> None:
    split = split_thoughts(mark.opening + CUT)
    assert (split.answer, split.closed, split.mark) == ("", False, mark.opening.strip())
    assert parse(mark.opening + CUT) == (None, "truncated")


@EVERY_ROW
def test_listed_mark_without_text_after_it_is_no_answer(mark: ThoughtMark) -> None:
    assert parse(block(mark))[0] is None
    assert parse(f"{mark.opening}{THOUGHTS}\n{mark.closing}\n<|im_end|>")[0] is None


@pytest.mark.parametrize("mark", [mark for mark in MARKS if not keeps_case(mark)], ids=row_id)
@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_listed_mark_in_other_case_counts(mark: ThoughtMark, change: Callable[[str], str]) -> None:
    assert parse(f"{change(mark.opening)}{THOUGHTS}\n{change(mark.closing)}{change(mark.final)}\nD")[0] == "D"
    assert parse(f"{change(mark.opening)}{CUT}") == (None, "truncated")


@pytest.mark.parametrize("mark", [mark for mark in MARKS if is_bracket_mark(mark.opening)], ids=row_id)
def test_listed_mark_twice_gives_the_last_answer(mark: ThoughtMark) -> None:
    assert parse(f"{block(mark)}{block(mark)}\nD")[0] == "D"
    assert parse(f"{mark.opening}{mark.opening}{THOUGHTS}\n{mark.closing}{mark.final}D")[0] == "D"
    assert parse(f"{mark.opening}a\n{mark.closing}{mark.final}C\n{block(mark)}D")[0] == "D"


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.alone], ids=row_id)
def test_listed_closing_mark_alone_ends_thoughts(mark: ThoughtMark) -> None:
    closing = mark.closing.replace("assistant final", "assistantfinal")
    assert parse(f"{THOUGHTS.strip()}\n{closing}{mark.final}D")[0] == "D"
    assert parse(f"{THOUGHTS.strip()}\n{closing}")[0] is None
    assert parse(f"D\n{closing}")[0] == "D"


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.final], ids=row_id)
def test_listed_final_mark_ends_thoughts_without_closing(mark: ThoughtMark) -> None:
    assert parse(f"{mark.opening}{THOUGHTS}\n{mark.final}D")[0] == "D"
    assert parse(f"{mark.final}D")[0] == "D"


@EVERY_ROW
def test_split_thoughts_gives_both_parts(mark: ThoughtMark) -> None:
    split = split_thoughts(f"{mark.opening} Not A {mark.closing}{mark.final} B")
    assert (split.answer.strip(), split.thoughts.strip(), split.closed) == ("B", "Not A", True)
    assert split.mark == mark.opening.strip()


FINAL = "<|start|>assistant<|channel|>final<|message|>"
HARMONY = "<|channel|>analysis<|message|>First I note that the answer is A.<|end|><|start|>assistant"


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (f"{HARMONY}<|channel|>final<|message|>Answer: D", "D"),
        (f"{HARMONY}<|channel|>final<|message|>D<|return|>", "D"),
        (f"{HARMONY}<|channel|>final<|message|>D<|end|><|start|>user<|message|>A?", "D"),
        (
            f"{HARMONY}<|channel|>commentary<|message|>I take A.<|end|><|start|>assistant<|channel|>final<|message|>D",
            "D",
        ),
        (f'{HARMONY}<|channel|>commentary to=functions.f <|constrain|>json<|message|>{{"answer": "A"}}<|call|>', None),
        (HARMONY, None),
        (f"{HARMONY}<|channel|>", None),
        (
            "<|channel|> analysis<|message|> The answer is A.<|end|><|start|> assistant<|channel|> final<|message|> D",
            "D",
        ),
        (f"The answer is A.<|end|>{FINAL}D", "D"),
        ("analysisWe weigh. The answer is A.assistantfinalD", "D"),
        ("analysisWe weigh. The answer is A.assistantcommentaryA it is.assistantfinal**D**", "D"),
        ("analysis\nWe weigh. The answer is A.\nassistant\nfinal\nD", "D"),
        ("We weigh. The answer is A.assistantfinalD", "D"),
        ("analysisWe weigh. The answer is A. However", None),
        ("analysisWe weigh.assistantfinalD. This analysis is complete.", "D"),
        ("Analysis: clots dissolve.\nAnswer: D", "D"),
        ("analysis of the options gives D.\nAnswer: D", "D"),
        ("Analysis\nClots dissolve.\n\nAnswer: D", "D"),
    ],
)
def test_harmony_channels_give_the_final_channel(completion: str, expected: str | None) -> None:
    assert parse(completion)[0] == expected


@pytest.mark.parametrize(
    "completion",
    [
        "<think>I write </think> when done. The answer is A.</think>D",
        "<think>They want <think> tags. The answer is A.</think>D",
        "<think>outer <think>inner</think> the answer is A.</think>D",
        "<think>B</think>C<think>the answer is A</think>D",
        "<think>A</think>D<think>Or B? The answer is B",
        "<think>A</think>D</think>",
        "A.</think>D</think></think>",
        '<think time="3" budget="none">The answer is A.</think>D',
        "< think >The answer is A.< / think >D",
        "<think\n>The answer is A.</think\n>D",
        "&lt;think&gt;The answer is A.&lt;/think&gt;D",
        "<think:6124c78e>The answer is A.</think:6124c78e>D",
        "The answer is A.\n</think:6124c78e>D",
        "<thinking>The answer is A.</think>D",
        "<ifm|think_fast>The answer is A.</ifm|think>D",
        "<thinking>a<reflection>B</reflection>The answer is A.</thinking><output>D</output>",
        "<seed:think>a<seed:cot_budget_reflect>A</seed:cot_budget_reflect>The answer is A.</seed:think>D",
        "<think>\n\n</think>\n\nD",
        "</mm:think>D",
        "<|channel>thought\n<channel|>D<|channel>thought\n<channel|>",
        "thought\nD",
        "thought\nAnswer: D",
        "<think>\nThe answer is A.\n</think>\n<answer>\nD\n</answer>",
        "The answer is A.\n</think>\n\n<response>\nD\n</response>\n",
        "<think>A</think><|begin_of_box|>D<|end_of_box|>",
        "The answer is A.\n[BEGIN FINAL RESPONSE]\nD\n[END FINAL RESPONSE]\n<|end|>",
        "C<think>The answer is A.</think>Answer: D",
        "Answer: D\n<think>The answer is A.</think>\nI hope this helps.",
    ],
)
def test_parse_answer_reads_outside_of_thoughts(completion: str) -> None:
    assert parse(completion)[0] == "D"


@pytest.mark.parametrize(
    "completion",
    [
        "Okay.\n<think>The answer is A. But",
        "<|im_start|>assistant\n<think>The answer is A. But",
        "<think>I write `</think>` when done. The answer is A. But",
        '<think>I write "</think>" when done. The answer is A. But',
        "<thinking>a<reflection>b</reflection>The answer is A",
        "<seed:think>a<seed:cot_budget_reflect>b</seed:cot_budget_reflect>The answer is A",
        "<think>The answer is A<|im_end|>",
        "<think>The answer is A<|end|>",
        "&lt;think&gt;The answer is A. But",
        "thought\nThe answer is A. But wait, the patient",
        "<think>B</think><think>The answer is A",
    ],
)
def test_parse_answer_of_thoughts_cut_off_is_truncated(completion: str) -> None:
    assert parse(completion) == (None, "truncated")


UNLISTED = [
    ("<ponder>", "</ponder>"),
    ('<ponder level="2">', "</ponder>"),
    ("&lt;ponder&gt;", "&lt;/ponder&gt;"),
    ("<Deliberate>", "</Deliberate>"),
    ("<x:ponder>", "</x:ponder>"),
    ("<denkprozess>", "</denkprozess>"),
    ("<思考>", "</思考>"),
    ("<unused12>", "<unused13>"),
    ("[PONDER]", "[/PONDER]"),
    ("[MUSING]", "[END_MUSING]"),
    ("[THOUGHTS]", "END_THOUGHTS"),
    ("<|ponder|>", "<|/ponder|>"),
    ("<|ponder|>", "<|end_ponder|>"),
    ("<|ponder|>", "<|ponder_end|>"),
    ("<|begin_ponder|>", "<|end_ponder|>"),
    ("<|start_of_ponder|>", "<|end_of_ponder|>"),
    ("<|ponder_start|>", "<|ponder_end|>"),
    ("<|ponder>", "<ponder|>"),
    ("◁ponder▷", "◁/ponder▷"),
    ("{{ponder}}", "{{/ponder}}"),
    ("<<ponder>>", "<</ponder>>"),
    ("«ponder»", "«/ponder»"),
    ("⟨ponder⟩", "⟨/ponder⟩"),
    ("(((ponder)))", "(((/ponder)))"),
    ("[[ponder]]", "[[/ponder]]"),
    ("‹ponder›", "‹/ponder›"),
    ("【思考】", "【/思考】"),
    ("$ponder$", "$/ponder$"),
    ("<reasoning_content>", "</reasoning_content>"),
    ("<!-- thinking:", "-->"),
    ("```thinking\n", "```"),
]


@pytest.mark.parametrize(("opening", "closing"), UNLISTED)
@pytest.mark.parametrize("before", ["", "\n ", "\ufeff", "<|im_start|>assistant\n"])
def test_unlisted_mark_at_the_start_marks_thoughts(opening: str, closing: str, before: str) -> None:
    assert parse(f"{before}{opening}{THOUGHTS}\n{closing}\nD")[0] == "D"
    assert parse(f"{before}{opening}{THOUGHTS}\n{closing}{opening}{THOUGHTS}\n{closing}D")[0] == "D"
    assert parse(before + opening + CUT) == (None, "truncated")
    assert parse(f"{before}{opening}{THOUGHTS}\n{closing}\n")[0] is None


@pytest.mark.parametrize(
    ("opening", "answer"),
    [
        ("---thinking---", "---answer---"),
        ("=== Reasoning ===", "=== Answer ==="),
        ("##think##", "##/think##"),
        ("[Reasoning]", "[Answer]"),
        ("【思考】", "【答案】"),
        ("<steps>", "<answer>"),
    ],
)
def test_mark_of_the_answer_ends_unlisted_thoughts(opening: str, answer: str) -> None:
    assert parse(f"{opening}{THOUGHTS}\n{answer}\nD")[0] == "D"


@pytest.mark.parametrize(
    "completion",
    [
        "<answer>D</answer>",
        "<answer>The answer is D.</answer>",
        "<final>D</final>",
        "<final_answer>D</final_answer> since clots dissolve.",
        "<response>D</response>",
        "<solution>The answer is D.</solution>",
        "<b>D</b> because clots dissolve",
        "<p>The answer is D.</p>",
        "[D]",
        "<D>",
        '{"answer": "D"}',
        '```json\n{"answer": "D"}\n```',
        "\\boxed{D}",
        "$\\boxed{\\text{D}}$",
        "<|begin_of_box|>D<|end_of_box|>",
        "The answer is <|begin_of_box|>D<|end_of_box|>.",
        "<|im_start|>assistant\nD<|im_end|>",
        "D<|im_end|>\n<|im_start|>assistant\nB",
        "D<|end|>\n<|user|>Next question. The answer is A",
        "<|start_header_id|>assistant<|end_header_id|>\n\nD<|eot_id|>",
        "<start_of_turn>model\nD<end_of_turn>",
        "<|assistant|>D",
        "<explanation>The answer is D.</explanation>",
        "<explanation>The answer is D.",
        "<explanation>A is wrong.</explanation>\n<answer>D</answer>",
        "[Alteplase] is not B. The answer is D.",
        "[[ ## reasoning ## ]]\nClots dissolve.\n\n[[ ## answer ## ]]\nD\n\n[[ ## completed ## ]]",
        "[Reasoning]\nA is wrong.\n\n[Answer]\nD",
        "<steps>A is wrong.\n<answer>D</answer>",
        "[WARNING] I am no doctor. The answer is D.",
        "[Analysis]\nClots dissolve.\nThe answer is D.",
        "[ECG] shows an infarct. The answer is D.",
        "<pH> of 7.1 means acidosis. The answer is D.",
        "<medqa>The answer is D.</medqa>",
        "[Alteplase](https://example.org) dissolves clots. The answer is D.",
        "[OPTION]D[/OPTION]",
        "<!-- note -->\nD",
        "| Option | Reason |\n|---|---|\n| D | clots |\nThe answer is D.",
        "<｜Assistant｜>D<｜end▁of▁sentence｜>",
        '{"thoughts": "<think>A</think>", "answer": "D"}',
        "Pressure <90 and pulse > 60. The answer is D.",
        "## Reasoning\nClots dissolve.\nThe answer is D.",
        "Thought: the answer is D.",
        "Reasoning: clots dissolve.\nAnswer: D",
    ],
)
def test_parse_answer_takes_no_answer_for_thoughts(completion: str) -> None:
    assert parse(completion)[0] == "D"


@pytest.mark.parametrize(
    "heading", ["# Reasoning", "**Thought process**", "Thinking:", "### My thinking process:", "**Thinking:**"]
)
@pytest.mark.parametrize(
    "final", ["# Final Answer\n", "**Final Response**\n", "Answer: ", "Final answer:\n", "## Conclusion\n"]
)
def test_headings_of_thoughts_and_answer_split_them(heading: str, final: str) -> None:
    completion = f"{heading}\nAnswer: A? No. The answer is A, or so.\n\n{final}D. Alteplase"
    split = split_thoughts(completion)
    assert (split.mark, split.closed) == (heading, True)
    assert parse(completion)[0] == "D"


def test_heading_of_visible_reasoning_marks_no_thoughts() -> None:
    assert split_thoughts("Reasoning: clots dissolve.\nAnswer: D").mark is None
    assert split_thoughts("## Reasoning\nClots dissolve, so the answer is D.").mark is None


@pytest.mark.parametrize(
    ("text", "opening", "closing"),
    [
        ("<ponder>…</ponder>", "<ponder>", "</ponder>"),
        (" <ponder> ... </ponder> ", "<ponder>", "</ponder>"),
        ("Let me think:…So my answer:", "Let me think:", "So my answer:"),
        ("BEGIN_COT…END_COT", "BEGIN_COT", "END_COT"),
    ],
)
def test_parse_thought_mark_accepts_both_ellipses(text: str, opening: str, closing: str) -> None:
    mark = parse_thought_mark(text)
    assert (mark.opening, mark.closing) == (opening, closing)
    assert parse(f"So. {opening}{THOUGHTS} {closing} D", text)[0] == "D"
    assert parse(opening + CUT, text) == (None, "truncated")


@pytest.mark.parametrize(
    "text", ["", "<ponder>", "…", "<ponder>…", "…</ponder>", "<a>…<b>…<c>", "<ponder>…< PONDER >", "---…+++"]
)
def test_parse_thought_mark_rejects_a_bad_pair(text: str) -> None:
    with pytest.raises(ValueError, match="invalid thought mark") as error:
        parse_thought_mark(text)
    assert repr(text) in str(error.value)
    assert "\n" not in str(error.value)


plain_text = st.text(string.ascii_letters + string.digits + " .,:;\n-()'\"*", max_size=200)
words = st.text(string.ascii_lowercase, min_size=3, max_size=12).map(lambda word: f"ponder{word}")
styles = st.sampled_from(
    [
        ("<{}>", "</{}>"), ("[{}]", "[/{}]"), ("<|{}|>", "<|/{}|>"), ("<|{}|>", "<|end_{}|>"), ("<|{}|>", "<|{}_end|>"),
        ("<|begin_of_{}|>", "<|end_of_{}|>"), ("◁{}▷", "◁/{}▷"), ("{{{{{}}}}}", "{{{{/{}}}}}"), ("<<{}>>", "<</{}>>"),
        ("«{}»", "«/{}»"), ("⟨{}⟩", "⟨/{}⟩"), ("((({})))", "(((/{})))"), ("<n:{}>", "</n:{}>"), ("<{}>", "<end_{}>"),
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(styles, words, plain_text)
def test_unlisted_mark_hides_any_thoughts(style: tuple[str, str], word: str, thoughts: str) -> None:
    opening, closing = (part.format(word) for part in style)
    hidden = f"{opening}I ponder. {thoughts} The answer is A. "
    assert parse(f"{hidden}{closing}D")[0] == "D"
    assert parse(hidden)[0] is None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MARKS), plain_text)
def test_listed_mark_hides_any_thoughts(mark: ThoughtMark, thoughts: str) -> None:
    hidden = f"{mark.opening}The answer is A. {thoughts} "
    assert parse(f"{hidden}\n{mark.closing}{mark.final}D")[0] == "D"
    assert parse(hidden) == (None, "truncated")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "[THINK]", "<|end|>", "<|channel|>final<|message|>", "D", "a ", "\n"])
    )
)
def test_split_thoughts_of_any_marks_loses_no_text(parts: list[str]) -> None:
    split = split_thoughts("".join(parts))
    kept = split.answer + split.thoughts
    assert kept.count("D") == parts.count("D")
    assert kept.count("a") >= parts.count("a ")


@given(plain_text)
def test_split_thoughts_without_marks_returns_the_text(text: str) -> None:
    split = split_thoughts(f"The drug is old. {text}")
    assert (split.answer, split.thoughts, split.mark, split.closed) == (f"The drug is old. {text}", "", None, True)


UNITS = (
    "<think>", "</think>", "<think></think>D", "<think>a</think>D<", "<", "< ", "<a ", "[", "[a", "[/", "<|", "<|end|>",
    "<|channel|>", "<|channel|>analysis<|message|>", "&lt;", "◁", "{{a", "«", "(((", "\ufeff", "assistant\n", "<s>",
    "assistantfinal", "Answer: A\n", "# ", "__ ", "a well patient. ",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_split_thoughts_takes_linear_time(unit: str) -> None:
    for before in ("", "<ponder>", "# Reasoning\n"):
        assert _seconds(before + unit * (100_000 // len(unit))) < 1.0


@pytest.mark.parametrize("unit", UNITS[:5])
def test_split_thoughts_megabyte_takes_bounded_time(unit: str) -> None:
    assert _seconds(unit * (1_000_000 // len(unit))) < 2.0


def _seconds(completion: str) -> float:
    start = time.process_time()
    split_thoughts(completion)
    return time.process_time() - start


def test_split_thoughts_is_exported_with_its_result() -> None:
    assert metrics.split_thoughts("<think>a</think>b") == metrics.Thoughts("b", "a", "<think>", closed=True)
