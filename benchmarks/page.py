"""Time to write the report page of a large run, and to open it in Chromium.

    python benchmarks/page.py [--questions 10000] [--votes 5] [--opens 5]

The run has two programs, zero-shot and an ensemble with chain of thought and five exemplars. Texts consist of random
words of the embedded sample.
"""

import argparse
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from openmedlm.data import Question, load_split
from openmedlm.metrics import Outcome, Vote, analyse, majority, summarise
from openmedlm.programs.template import CHAT, Prompt
from openmedlm.report.page import read_directories, write_page
from openmedlm.runs import Run, write_run

WATCH = """
window.seen = {};
new MutationObserver(() => ["[data-ready]", ".main-svg"].forEach((selector) => {
  if (document.querySelector(selector)) seen[selector] ??= performance.now();
})).observe(document, { subtree: true, childList: true, attributeFilter: ["data-ready"] });
"""
"""Script that records in the page when an element appears; a query from outside would wait while the page is busy."""


def run(directory: Path, count: int, votes: int) -> Run:
    """Write a synthetic run, and return it."""
    source = random.Random(0)
    sample = [question for name in ("medqa", "mmlu") for question in load_split(name, "pool", "sample")]
    words = " ".join(question.question for question in sample).split()

    def text(length: int) -> str:
        return " ".join(source.choices(words, k=length))

    questions = [
        Question(str(n), "medqa", "test", text(90), {letter: text(5) for letter in "ABCD"}, source.choice("ABCD"))
        for n in range(count)
    ]
    prefix = CHAT.prefix("Answer.", (), "ABCD", reasoning=True)
    shown = [{"role": "user", "content": text(100)} for _ in range(1000)]
    prompts: list[tuple[tuple[str, str, int], Prompt]] = []
    outcomes: dict[str, list[Outcome]] = {"zero-shot": [], "ensemble": []}
    for question in questions:
        messages = CHAT.complete(prefix, question, reasoning=True)
        for name, size in (("zero-shot", 1), ("ensemble", votes)):
            letters = [question.answer if source.random() < 0.6 else source.choice("ABCD") for _ in range(size)]
            samples = tuple(
                Vote(n, letter, "answer cue", text(120 if size > 1 else 2), "ABCD", calls=1, prompt_tokens=900)
                for n, letter in enumerate(letters)
            )
            answer = majority(letters).letter
            outcomes[name].append(Outcome(question.id, "medqa", "step 1", question.answer, answer, samples))
            exemplars = source.sample(shown, 5) if size > 1 else []
            prompts += [((name, question.id, n), (*messages[:1], *exemplars, *messages[1:])) for n in range(size)]
    results = [
        {"program": name, **summarise(some, 0.0).as_json(), "analysis": analyse(some).as_json()}
        for name, some in outcomes.items()
    ]
    config = {
        "model": "simulated",
        "benchmark": "medqa",
        "split": "test",
        "source": "simulated",
        "programs": {name: {} for name in outcomes},
        "questions": {"count": count, "fingerprint": "simulated"},
    }
    result = Run(directory, config, {"runs": results, "skipped": {}}, outcomes, {"test_evaluations": 1})
    write_run(result, questions, prompts)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--votes", type=int, default=5)
    parser.add_argument("--opens", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory, page = Path(folder) / "run", Path(folder) / "page.html"
        started = time.perf_counter()
        run(directory, options.questions, options.votes)
        made = time.perf_counter()
        read = read_directories([directory])
        loaded = time.perf_counter()
        write_page(*read, page)
        written = time.perf_counter()
        size = sum(file.stat().st_size for file in directory.iterdir()) / 1e6
        print(
            f"{options.questions:,} questions, {options.votes} votes: run of {size:.1f} MB, "
            f"written in {made - started:.1f} s"
        )
        print(
            f"page of {page.stat().st_size / 1e6:.1f} MB: "
            f"read in {loaded - made:.1f} s, written in {written - loaded:.1f} s"
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            timings = []
            for _ in range(options.opens):
                opened = browser.new_page()
                opened.add_init_script(WATCH)
                opened.goto(page.as_uri(), wait_until="commit")
                opened.wait_for_selector("[data-ready] .main-svg")
                timings.append(opened.evaluate("seen"))
                opened.close()
            browser.close()
        for event, selector in (("questions listed", "[data-ready]"), ("first figure drawn", ".main-svg")):
            times = [each[selector] / 1000 for each in timings]
            spread = f"{min(times):.2f} – {statistics.median(times):.2f} – {max(times):.2f}"
            print(f"{event} after {spread} s (minimum, median, maximum)")


if __name__ == "__main__":
    main()
