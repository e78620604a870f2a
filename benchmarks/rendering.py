"""Time per prompt of a frozen program and of the DSPy adapters, on the same questions and exemplars.

    python benchmarks/rendering.py [--rounds 7] [--exemplars 5]

Each round times all contenders one after another. Ratios are within one round; the table has their medians.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dspy

from openmedlm.data import Question, load_split
from openmedlm.programs.convert import to_demos, to_exemplar
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.frozen import ProgramMetadata, freeze_program

REPEATS = 20


def contenders(exemplars: int, questions: Sequence[Question]) -> dict[str, Callable[[Question], object]]:
    """Return functions that render one prompt, by name; all show the same exemplars with rationales."""
    module = FewShotCoT()
    pool = [to_exemplar(demo) for demo in to_demos(load_split("medqa", "pool", "sample")) if demo.get("reasoning")]
    module.show(pool[:exemplars])
    metadata = ProgramMetadata(model="none", benchmark="medqa", pool=None, dev=None)
    with tempfile.TemporaryDirectory() as folder:
        frozen = freeze_program(module.prompt_program(), Path(folder) / "program", metadata, questions[:1]).program
        votes = freeze_program(
            MajorityEnsemble(module).prompt_program(), Path(folder) / "votes", metadata, questions[:1]
        ).program
    signature, demos = module.predictor.signature, module.predictor.demos
    chat, template = dspy.ChatAdapter(), module.adapter

    def inputs(question: Question) -> dict[str, object]:
        return {"question": question.question, "options": dict(question.options), "context": None}

    def render(question: Question) -> object:
        (selection,) = frozen.exemplars.choose([question])
        return frozen.sample_prompts(question, selection.exemplars)

    def render_votes(question: Question) -> object:
        (selection,) = votes.exemplars.choose([question])
        return votes.sample_prompts(question, selection.exemplars)

    return {
        "frozen program": lambda question: frozen.render(question, frozen.exemplars.exemplars),
        "frozen program, with duplicate check": render,
        "frozen ensemble of 5, per vote": render_votes,
        "dspy.ChatAdapter.format": lambda question: chat.format(signature, demos, inputs(question)),
        "the strategy's own adapter in DSPy": lambda question: template.format(signature, demos, inputs(question)),
    }


def microseconds(render: Callable[[Question], object], questions: Sequence[Question]) -> float:
    """Return the wall-clock time per prompt."""
    started = time.perf_counter()
    for _ in range(REPEATS):
        for question in questions:
            render(question)
    return (time.perf_counter() - started) / REPEATS / len(questions) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--exemplars", type=int, default=5)
    options = parser.parse_args()
    questions = load_split("medqa", "dev", "sample")
    renderers = contenders(options.exemplars, questions)
    rounds = []
    for _ in range(options.rounds):
        timed = {name: microseconds(render, questions) for name, render in renderers.items()}
        timed["frozen ensemble of 5, per vote"] /= 5
        rounds.append(timed)
    print(f"{options.exemplars} exemplars with rationales, {len(questions)} questions, {options.rounds} rounds")
    print(f"{'':<38} {'µs per prompt':>14} {'÷ frozen':>9}")
    for name in renderers:
        ratio = statistics.median(timed[name] / timed["frozen program"] for timed in rounds)
        print(f"{name:<38} {statistics.median(timed[name] for timed in rounds):>14.1f} {ratio:>9.1f}")


if __name__ == "__main__":
    main()
