"""Prompt tokens that a prefix-caching server computes, for ensembles whose options are shuffled.

    python benchmarks/prefix.py [--model local/smollm2-135m] [--questions 10] [--votes 5] [--slots 1]

The votes of a question differ in the order of its options. Where the question stands last, all that stands before it is
the same for them, and a server that caches prefixes computes it once; where it stands before the exemplars, as in a
prompt that shuffles first, nothing after the first option is. Both ways send the same messages, in another order, to
the embedded server, each question with five exemplars of its own, as the nearest ones are; what is counted is what the
server says that it computed. Each way has a server of its own, so that neither finds what the other left.
"""

import argparse

import openai
import work

from openmedlm.data import Question
from openmedlm.local_models import resolve, serve
from openmedlm.programs import Exemplar
from openmedlm.programs.prompt_program import SamplePrompt


def exemplars_of(place: int, count: int = 5) -> tuple[Exemplar, ...]:
    """Exemplars that no other question has."""
    return tuple(Exemplar(one, " ".join(work.WORDS)) for one in work.questions(1_000 + 5 * place + count)[-count:])


def messages(sample_prompt: SamplePrompt, question_last: bool) -> list[dict[str, str]]:
    """The ballot's messages, or the same with the question right behind the instructions."""
    head, *exemplars, question = (dict(turn) for turn in sample_prompt.prompt)  # type: ignore[arg-type]
    return [head, *exemplars, question] if question_last else [head, question, *exemplars]


def computed(model: str, questions: list[Question], votes: int, slots: int, question_last: bool) -> tuple[int, int]:
    """Prompt tokens sent, and of them those that the server computed."""
    program = work.program(votes, temperature=0.8, shuffle=True)
    sent = cached = 0
    with serve(resolve(model), slots=slots) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key=server.api_key)
        for place, question in enumerate(questions):
            for sample_prompt in program.sample_prompts(question, exemplars_of(place)):
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
    asked = work.questions(options.questions)
    found = {}
    for question_last in (True, False):
        sent, found[question_last] = computed(options.model, asked, options.votes, options.slots, question_last)
        where = "question last" if question_last else "question first"
        print(f"{where:<15} {sent:>8,} prompt tokens sent, {found[question_last]:>8,} computed", flush=True)
    print(f"computed, question first ÷ question last: {found[False] / found[True]:.2f}")


if __name__ == "__main__":
    main()
