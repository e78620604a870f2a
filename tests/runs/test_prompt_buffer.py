import gc
import weakref
from pathlib import Path

import pytest

from openmedlm.data import Question
from openmedlm.programs.prompt_program import SamplePrompt
from openmedlm.programs.template import Prompt
from openmedlm.runs import prompt_buffer
from openmedlm.runs.prompt_buffer import PromptBuffer

QUESTION = Question("q1", "medqa", "dev", "Which one?", {"A": "this", "B": "that"}, "A")


def sample_prompts(*prompts: Prompt) -> list[SamplePrompt]:
    return [SamplePrompt(sample, "AB", QUESTION, prompt) for sample, prompt in enumerate(prompts)]


def chat(text: str) -> Prompt:
    return ({"role": "system", "content": "Answer. 🫀"}, {"role": "user", "content": text})


def test_buffer_filled_out_of_order_returns_prompts_by_position(tmp_path: Path) -> None:
    buffer = PromptBuffer(3, tmp_path)
    buffer.put(2, sample_prompts(chat("third"), chat("third, other order")))
    buffer.put(0, sample_prompts("Question: first\n"))
    buffer.put(1, sample_prompts())
    assert buffer[0] == [(0, "Question: first\n")]
    assert buffer[1] == []
    assert buffer[2] == [(0, chat("third")), (1, chat("third, other order"))]


def test_buffer_without_the_question_raises_lookup_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="position 1"):
        PromptBuffer(2, tmp_path)[1]


def test_buffer_writes_a_repeated_text_once(tmp_path: Path) -> None:
    buffer = PromptBuffer(1_000, tmp_path)
    for position in range(1_000):
        buffer.put(position, sample_prompts("x" * 10_000))
    assert buffer._file.seek(0, 2) < 10_000 + 1_000 * 40


def test_buffer_beyond_the_known_texts_returns_every_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_buffer, "MAX_KNOWN_TEXTS", 2)
    buffer = PromptBuffer(7, tmp_path)
    for position in range(7):
        buffer.put(position, sample_prompts(chat(f"question {position % 3}")))
    assert [buffer[position] for position in range(7)] == [[(0, chat(f"question {n % 3}"))] for n in range(7)]


def test_buffer_leaves_no_file_in_its_folder(tmp_path: Path) -> None:
    PromptBuffer(1, tmp_path).put(0, sample_prompts("text"))
    assert not list(tmp_path.iterdir())


def test_buffer_is_freed_without_garbage_collection(tmp_path: Path) -> None:
    gc.disable()
    try:
        buffer = PromptBuffer(1, tmp_path)
        buffer.put(0, sample_prompts("text"))
        assert buffer[0] == [(0, "text")]
        file = weakref.ref(buffer._file)
        del buffer
        assert file() is None
    finally:
        gc.enable()
