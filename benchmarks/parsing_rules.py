"""Precision and recall of answer parsing, per rule, on completions with a judge's verdict.

    python benchmarks/parsing_rules.py COMPLETIONS.jsonl [--verdicts tests/metrics/recorded_verdicts.json]

Precision: share of the answers that a rule parsed and the judge confirms. Recall: share of the completions with an
answer, by the judge's verdict, that the rule parsed correctly. The last line counts the completions on which the
source's own parser disagrees with ours, by which of the two the judge confirms.
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
    parsed: Counter[str] = Counter()
    correct: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    disagreements: Counter[str] = Counter()
    answered = 0
    for line in map(json.loads, options.completions.read_text(encoding="utf-8").splitlines()):
        key = "|".join(str(line[name]) for name in ("qid", "model", "method", "sample"))
        verdict, answer = verdicts[key]["letter"], parse_answer(line["completion"], line["options"])
        answered += verdict is not None
        if answer.letter is not None:
            parsed[answer.rule] += 1
            correct[answer.rule] += answer.letter == verdict
        elif verdict is not None:
            missed[answer.rule] += 1
        theirs = line["ref_pred"]
        if theirs and theirs != answer.letter:
            confirmed = "ours" if answer.letter == verdict else "the source's" if theirs == verdict else "neither"
            disagreements[confirmed] += 1
    print(f"{'rule':<28} {'parsed':>6} {'precision':>10} {'recall':>8}")
    for rule, count in parsed.most_common():
        print(f"{rule:<28} {count:>6} {correct[rule] / count:>10.2%} {correct[rule] / answered:>8.2%}")
    total = sum(parsed.values())
    print(f"{'all':<28} {total:>6} {sum(correct.values()) / total:>10.2%} {sum(correct.values()) / answered:>8.2%}")
    print(f"\nNot parsed, but with an answer by the judge's verdict: {dict(missed)}")
    print(f"Disagreements with the source's parser: {sum(disagreements.values())}; confirmed: {dict(disagreements)}")


if __name__ == "__main__":
    main()
