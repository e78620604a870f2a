"""A frozen program in the forms that other systems take."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from openmedlm.data import Question
from openmedlm.inference import wire
from openmedlm.inference.sampling import build_request
from openmedlm.programs.frozen import FrozenProgram
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.retrieval.knn_exemplars import KNNExemplars

AT_ONCE = 256
"""Questions whose exemplars are looked up together."""


def message_lines(program: PromptProgram, questions: Sequence[Question]) -> Iterator[bytes]:
    """A JSON line for each vote of each question: the prompt, and what its answer has to be read with."""
    for question, exemplars, sample_prompt in _ballots(program, questions):
        sent = build_request(program, question, sample_prompt)
        prompt = {"messages": sample_prompt.prompt} if sent.chat else {"prompt": sample_prompt.prompt}
        row = {
            "id": question.id,
            "sample": sample_prompt.sample,
            "order": sample_prompt.order,
            "gold": sample_prompt.shown.answer,
            "seed": sent.seed,
            "exemplars": exemplars,
            **prompt,
        }
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def batch_lines(program: PromptProgram, questions: Sequence[Question], model: str) -> Iterator[bytes]:
    """A line of an OpenAI batch file for each vote of each question; `custom_id` is question id, sample and order."""
    for question, _, sample_prompt in _ballots(program, questions):
        sent = build_request(program, question, sample_prompt)
        row = {
            "custom_id": f"{question.id}|{sample_prompt.sample}|{sample_prompt.order}",
            "method": "POST",
            "url": "/v1/chat/completions" if sent.chat else "/v1/completions",
            "body": wire.body(sent, model, None),
        }
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def dspy_state(frozen: FrozenProgram) -> tuple[bytes, str]:
    """State for DSPy's own `Module.load`, and a line that says of which module."""
    from openmedlm.programs.ensemble import MajorityEnsemble
    from openmedlm.programs.to_module import to_module, to_stock_module

    program = frozen.program
    if isinstance(program.exemplars, KNNExemplars):
        module = to_module(program)
        call = f"{type(module).__name__}()"
        if isinstance(module, MajorityEnsemble):
            call = f"Ensemble({type(module.member).__name__}())"
        how = (
            f"Load it with openmedlm.{call}.load(FILE.json), DSPy's own Module.load; stock DSPy has no retrieving "
            "module whose pool can be loaded."
        )
    else:
        module = to_stock_module(program)
        kind = "ChainOfThought" if program.reasoning else "Predict"
        how = (
            f"Load it with dspy.{kind}(SIGNATURE).load(FILE.json); SIGNATURE: openmedlm.MultipleChoiceQA, or your own."
        )
        if program.member is not None:
            how += f" It is one vote of the ensemble; DSPy's state holds no count of them (here {program.votes})."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        module.save(path)
        return path.read_bytes(), how


def _ballots(
    program: PromptProgram, questions: Sequence[Question]
) -> Iterator[tuple[Question, list[str], SamplePrompt]]:
    for start in range(0, len(questions), AT_ONCE):
        some = questions[start : start + AT_ONCE]
        for question, selection in zip(some, program.exemplars.choose(some), strict=True):
            shown = [exemplar.question.id for exemplar in selection.exemplars]
            for sample_prompt in program.sample_prompts(question, selection.exemplars):
                yield question, shown, sample_prompt
