"""Time and memory of the search for duplicate questions, in a set of MedMCQA's size.

    python benchmarks/duplicates.py [--questions 190000] [--data-dir DIR]

Each question is a random walk over the words of MedMCQA: every word follows its predecessor somewhere in MedMCQA, so
that runs of words are as common as there. 1 % of the questions repeat another with its options reversed, and 1 % repeat
another with one word changed.
"""

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from dataclasses import replace

from openmedlm.data import Question, find_duplicates, load_split


def questions(count: int, data_dir: str | None) -> list[Question]:
    """Return synthetic questions, with duplicates."""
    source = random.Random(0)
    real = load_split("medmcqa", "pool", data_dir)
    follows: dict[str, list[str]] = defaultdict(list)
    for question in real:
        for before, after in zip(["", *question.question.split()], question.question.split(), strict=False):
            follows[before].append(after)
    options = [text for question in real for text in question.options.values()]

    def text(length: int) -> str:
        words = [""]
        while len(words) <= length:
            words.append(source.choice(follows.get(words[-1]) or follows[""]))
        return " ".join(words[1:])

    lengths = [len(question.question.split()) for question in real]
    made: list[Question] = []
    for number in range(count):
        kind = source.random()
        if made and kind < 0.02:
            one = source.choice(made)
            if kind < 0.01:
                texts = list(one.options.values())[::-1]
                made.append(replace(one, id=str(number), options=dict(zip("ABCD", texts, strict=True))))
            else:
                words = one.question.split()
                words[source.randrange(len(words))] = "otherwise"
                made.append(replace(one, id=str(number), question=" ".join(words)))
            continue
        stem, shown = text(source.choice(lengths)), dict(zip("ABCD", source.choices(options, k=4), strict=True))
        made.append(Question(str(number), "made", "pool", stem, shown, "A"))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=190_000)
    parser.add_argument("--data-dir", help="folder with MedMCQA; default: the hub")
    options = parser.parse_args()
    made = questions(options.questions, options.data_dir)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    pairs = Counter(pair.kind for pair in find_duplicates(made))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(made):,} questions: {pairs['exact']:,} exact pairs, {pairs['near']:,} near pairs, {seconds:.1f} s")
    print(f"peak memory: {peak:,.0f} MiB, of which {before:,.0f} MiB before the search")


if __name__ == "__main__":
    main()
