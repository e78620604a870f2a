"""Time and memory of finding the questions that stand twice, among as many as MedMCQA has.

    python benchmarks/duplicates.py [--questions 190000] [--data-dir DIR]

Questions are drawn word by word, each word among those that follow the one before it in MedMCQA's, so that runs of
words are as common as there; one in a hundred is a repetition of another, with another order of the options, and one in
a hundred has a word changed.
"""

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from dataclasses import replace

from openmedlm.data import Question, find_duplicates, load_split


def questions(count: int, data_dir: str | None) -> list[Question]:
    """Made questions, some of them twice."""
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
    parser.add_argument("--data-dir", help="where MedMCQA lies; the hub, without it")
    options = parser.parse_args()
    made = questions(options.questions, options.data_dir)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    found = Counter(pair.kind for pair in find_duplicates(made))
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(made):,} questions: {found['exact']:,} exact pairs, {found['near']:,} near, in {took:.1f} s")
    print(f"peak memory {peak:,.0f} MiB, of which {before:,.0f} before the search began")


if __name__ == "__main__":
    main()
