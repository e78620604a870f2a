"""Record an embedded model's probability of each letter, for many questions and a few prompts.

    python benchmarks/letter_probabilities.py --data-dir DIR -o FILE.npz [-b mmlu] [--questions 400] [--k 0,1,3,5]
        [--instructions default,short]

Each question and prompt takes one request for one token. `benchmarks/tuning.py --recorded FILE.npz` draws votes of any
temperature, top_p and ensemble size from the file, which holds no text and no letter. It is written after every chunk
of questions, so an interrupted command can be rerun and resumes. `benchmarks/records/` has the 1.5B model's
probabilities for MMLU's 400 shortest medical test questions.
"""

import argparse
import io
import itertools
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openai

from openmedlm.data import Question, load_split
from openmedlm.local_models import resolve, serve
from openmedlm.optimizers import ProgramConfig
from openmedlm.optimizers.search.program_factory import ProgramFactory
from openmedlm.optimizers.search.space import Space
from openmedlm.optimizers.search.trial_config import TrialConfig
from openmedlm.programs import PromptProgram
from openmedlm.programs.convert import to_demos
from openmedlm.utils.atomic import write_atomically

CHUNK_QUESTIONS = 40
TOP_LOGPROBS = 20


def prompts(ks: list[int], instructions: list[str]) -> list[TrialConfig]:
    """Return greedy programs that answer without reasoning."""
    return [
        TrialConfig("few-shot" if k else "zero-shot", k=k, instructions=text)
        for k, text in itertools.product(ks, instructions)
    ]


def shortest(benchmark: str, data_dir: str, count: int) -> list[Question]:
    """Return the test questions with four options and the fewest characters: on a CPU, prompt tokens take most time."""
    four = [question for question in load_split(benchmark, "test", data_dir) if len(question.options) == 4]
    length = {
        question.id: len(question.question) + sum(map(len, (*question.context, *question.options.values())))
        for question in four
    }
    distinct = {question.question: question for question in four}.values()
    return sorted(distinct, key=lambda question: length[question.id])[:count]


def letters(client: openai.OpenAI, model: str, program: PromptProgram, question: Question) -> npt.NDArray[np.float64]:
    """Return each letter's probability as the next token, shape (4,): the gold letter first, then in cyclic order."""
    (chosen,) = program.exemplars.choose([question])
    prompt = program.render(question, chosen.exemplars)
    answer = client.chat.completions.create(
        model=model,
        messages=list(prompt),  # type: ignore[arg-type]  # a chat template's messages
        max_tokens=1,
        temperature=0.0,
        logprobs=True,
        top_logprobs=TOP_LOGPROBS,
    )
    held = dict.fromkeys(question.options, 0.0)
    logprobs = answer.choices[0].logprobs
    for token in logprobs.content[0].top_logprobs if logprobs and logprobs.content else ():
        if token.token.strip() in held:
            held[token.token.strip()] += math.exp(token.logprob)
    return np.roll(list(held.values()), -list(question.options).index(question.answer))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", default="mmlu")
    parser.add_argument("-m", "--model", default="local/qwen2.5-coder-1.5b")
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--k", default="0,1,3,5")
    parser.add_argument("--instructions", default="default")
    options = parser.parse_args()
    configurations = prompts([int(k) for k in options.k.split(",")], options.instructions.split(","))
    questions = shortest(options.benchmark, options.data_dir, options.questions)
    pool = to_demos(load_split(options.benchmark, "pool", options.data_dir))
    space = Space(k=tuple({point.k for point in configurations}))
    program_factory = ProgramFactory(space, ProgramConfig(), pool, (), None)
    programs = [program_factory.program(point) for point in configurations]
    held = np.full((len(configurations), len(questions), 4), np.nan)
    names = [point.label() for point in configurations]
    if options.output.exists():
        kept = np.load(options.output)
        if kept["names"].tolist() != names or kept["held"].shape != held.shape:
            parser.error(f"{options.output} has other prompts or questions: name another file with -o")
        held = kept["held"]
    with serve(resolve(options.model)) as endpoint:
        client = openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key)
        for start in range(0, len(questions), CHUNK_QUESTIONS):
            rows = range(start, min(start + CHUNK_QUESTIONS, len(questions)))
            for number, program in enumerate(programs):
                for row in rows:
                    if np.isnan(held[number, row, 0]):
                        held[number, row] = letters(client, endpoint.model, program, questions[row])
            file = io.BytesIO()
            metadata = {
                "k": [point.k for point in configurations],
                "instructions": [p.instructions for p in configurations],
            }
            np.savez_compressed(file, held=held.astype(np.float32), names=names, **metadata)
            write_atomically(options.output, [file.getvalue()])
            right = (held[:, : rows.stop].argmax(axis=2) == 0).mean(axis=1)
            accuracies = ", ".join(f"{name} {100 * share:.1f} %" for name, share in zip(names, right, strict=True))
            print(f"{rows.stop} of {len(questions)} questions, accuracy: {accuracies}", flush=True)
    print(f"mean probability of tokens other than letters: {100 * (1 - held.sum(axis=2)).mean():.2f} %")


if __name__ == "__main__":
    main()
