"""Precision and recall of answer reading, rule by rule, on completions whose answer a careful reader judged.

    python benchmarks/reading_rules.py COMPLETIONS.jsonl [--verdicts tests/metrics/recorded_verdicts.json]

Precision: of the answers that a rule read, those that the reader gives too. Recall: of the completions in which the
reader finds an answer, those that the rule read rightly. Below that, the sources' own parsers where they differ from
ours, and which of the two the reader sides with.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from openmedlm.metrics import parse_answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("completions", type=Path)
    parser.add_argument("--verdicts", type=Path, default=Path("tests/metrics/recorded_verdicts.json"))
    options = parser.parse_args()
    verdicts = json.loads(options.verdicts.read_text(encoding="utf-8"))
    read: Counter[str] = Counter()
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    sides: Counter[str] = Counter()
    answered = 0
    for line in map(json.loads, options.completions.read_text(encoding="utf-8").splitlines()):
        key = "|".join(str(line[name]) for name in ("qid", "model", "method", "sample"))
        verdict, reading = verdicts[key]["letter"], parse_answer(line["completion"], line["options"])
        answered += verdict is not None
        if reading.letter is not None:
            read[reading.rule] += 1
            right[reading.rule] += reading.letter == verdict
        elif verdict is not None:
            missed[reading.rule] += 1
        parsed = line["ref_pred"]
        if parsed and parsed != reading.letter:
            side = "ours" if reading.letter == verdict else "the source's" if parsed == verdict else "neither"
            sides[side] += 1
    print(f"{'rule':<28} {'read':>6} {'precision':>10} {'recall':>8}")
    for rule, count in read.most_common():
        print(f"{rule:<28} {count:>6} {right[rule] / count:>10.2%} {right[rule] / answered:>8.2%}")
    total = sum(read.values())
    print(f"{'all':<28} {total:>6} {sum(right.values()) / total:>10.2%} {sum(right.values()) / answered:>8.2%}")
    print(f"\nNot read though the reader finds an answer: {dict(missed)}")
    print(f"Differs from the source's own parser: {sum(sides.values())}; right is {dict(sides)}")


if __name__ == "__main__":
    main()
