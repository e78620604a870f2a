"""Prompt tokens that a server with a prefix cache computes, for ensembles with shuffled options.

    python benchmarks/prefix.py [--model local/smollm2-135m] [--questions 10] [--votes 5] [--slots 1]

The votes of a question differ only in the order of its options. If the question comes last, everything before it is
the same for all votes, and a server with a prefix cache computes it once. If the question comes before the exemplars,
nothing after the first option is shared. Both variants send the same messages in a different order to the embedded
server; each question has its own five exemplars, as with nearest exemplars. The counts are those that the server
reports. Each variant has its own server, so that neither uses the other's cache.
"""

import argparse

import openai
import work

from openmedlm.data import Question
from openmedlm.local_models import resolve, serve
from openmedlm.programs import Exemplar
from openmedlm.programs.prompt_program import SamplePrompt


def make_exemplars(position: int, count: int = 5) -> tuple[Exemplar, ...]:
    """Return exemplars that no other question has."""
    return tuple(Exemplar(one, " ".join(work.WORDS)) for one in work.questions(1_000 + 5 * position + count)[-count:])


def messages(sample_prompt: SamplePrompt, question_last: bool) -> list[dict[str, str]]:
    """Return the messages of a sample, optionally with the question directly after the instructions."""
    head, *exemplars, question = (dict(turn) for turn in sample_prompt.prompt)  # type: ignore[arg-type]
    return [head, *exemplars, question] if question_last else [head, question, *exemplars]


def computed(model: str, questions: list[Question], votes: int, slots: int, question_last: bool) -> tuple[int, int]:
    """Return the number of prompt tokens sent, and of those computed by the server."""
    program = work.program(votes, temperature=0.8, shuffle=True)
    sent = cached = 0
    with serve(resolve(model), slots=slots) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key=server.api_key)
        for position, question in enumerate(questions):
            for sample_prompt in program.sample_prompts(question, make_exemplars(position)):
                usage = client.chat.completions.create(
                    model=resolve(model).name,
                    messages=messages(sample_prompt, question_last),  # type: ignore[arg-type]  # a chat template's messages
                    max_tokens=1,
                ).usage
                assert usage is not None
                sent += usage.prompt_tokens
                details = usage.prompt_tokens_details
                cached += (details.cached_tokens or 0) if details else 0
    return sent, sent - cached


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="local/smollm2-135m")
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    questions = work.questions(options.questions)
    tokens = {}
    for question_last in (True, False):
        sent, tokens[question_last] = computed(options.model, questions, options.votes, options.slots, question_last)
        variant = "question last" if question_last else "question first"
        print(f"{variant:<15} {sent:>8,} prompt tokens sent, {tokens[question_last]:>8,} computed", flush=True)
    print(f"computed tokens, question first ÷ question last: {tokens[False] / tokens[True]:.2f}")


if __name__ == "__main__":
    main()
