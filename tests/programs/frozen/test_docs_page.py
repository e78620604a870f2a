"""docs/frozen-programs.md is complete: an independent reader that follows the page renders the same prompts."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from openmedlm.programs import PLAIN, TEMPLATES, KNNExemplars, SamplingParams, Template
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.frozen import FrozenProgram
from openmedlm.programs.frozen.schema import Nearest
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES


def seed_of(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:4], "big") >> 1


def fill(pattern: str, **values: str) -> str:
    return re.sub(r"\{\{|\}\}|\{(\w+)\}", lambda m: values[m[1]] if m[1] else m[0][0], pattern)


def normalise(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded.strip()


def shingles(text: str) -> set[str]:
    words = text.split()
    return {" ".join(words[n : n + 5]) for n in range(max(1, len(words) - 4))}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    stems = [normalise("\n".join([*(q["context"] or []), q["question"]])) for q in (a, b)]
    options = [{normalise(text) for text in q["options"].values()} for q in (a, b)]
    if stems[0] == stems[1] and options[0] == options[1]:
        return True
    one, two = (set().union(*map(shingles, [stem, *some])) for stem, some in zip(stems, options, strict=True))
    return len(one & two) >= 0.8 * len(one | two)


@dataclass
class Reader:
    """Implementation of the page, without code of the package."""

    program: dict[str, Any]
    exemplars: list[dict[str, Any]]

    @classmethod
    def of(cls, directory: Path) -> "Reader":
        content = (directory / "program.json").read_bytes()
        program = json.loads(content)
        blank = content.replace(program["sha256"].encode(), b"")
        assert hashlib.sha256(blank).hexdigest() == program["sha256"]
        assert program["schema_version"] in (1, 2)
        assert {path.name for path in directory.iterdir()} == {"program.json", *program["files"]}
        for name, digest in program["files"].items():
            assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest
        table = directory / "exemplars.parquet"
        rows = pq.read_table(table).to_pylist() if table.exists() else []
        for row in rows:
            row["options"] = dict(zip("ABCDEFGHIJ", row["options"], strict=False))
        return cls(program, rows)

    def orders(self, question: dict[str, Any]) -> list[str]:
        own, votes = "".join(question["options"]), self.program["votes"]
        if not self.program["shuffle"]:
            return [own] * votes
        seed, found = seed_of(self.program["seed"], question["question"]), [own]
        for n in count(1):
            if len(found) == min(votes, factorial(len(own))):
                break
            order = "".join(sorted(own, key=lambda letter: seed_of(seed, n, letter)))
            if order not in found:
                found.append(order)
        return [found[n % len(found)] for n in range(votes)]

    def chosen(self, question: dict[str, Any], vector: list[float] | None) -> list[dict[str, Any]]:
        source = self.program["exemplars"]
        left = [row for row in self.exemplars if not same(question, row)]
        if source["kind"] != "nearest":
            return left
        assert vector is not None
        near = {row["id"]: round(float(np.array(row["vector"], float) @ np.array(vector, float)), 6) for row in left}
        ranked = sorted(left, key=lambda row: -near[row["id"]])[: source["k"]]
        if source.get("order", "nearest-last") == "nearest-last":
            ranked.reverse()
        return self.balanced(ranked, seed_of(source["seed"], "letters", question["question"]))

    def balanced(self, rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
        used = dict.fromkeys("ABCDEFGHIJ", 0)
        for row in rows:
            if row["letters"] is None:
                used[row["answer"]] += 1
        shown = []
        for position, row in enumerate(rows):
            if row["letters"] is None:
                shown.append(row)
                continue
            gold = row["answer"]
            target = min(row["options"], key=lambda letter: (used[letter], seed_of(seed, position, letter)))
            used[target] += 1
            swap = {gold: target, target: gold}
            rationale = list(row["rationale"] or "")
            for offset in row["letters"]:
                rationale[offset] = swap.get(rationale[offset], rationale[offset])
            options = {letter: row["options"][swap.get(letter, letter)] for letter in row["options"]}
            shown.append(row | {"options": options, "answer": target, "rationale": "".join(rationale)})
        return shown

    def render(self, question: dict[str, Any], rows: list[dict[str, Any]]) -> Any:
        template = self.program["template"]
        style = template["reasoning" if self.program["reasoning"] else "direct"]
        *others, last = question["options"]
        cue = fill(style["cue"], letters=f"{', '.join(others)} or {last}")
        head = fill(template["head"], instructions=self.program["instructions"], cue=cue)

        def asked(q: dict[str, Any]) -> str:
            context = fill(template["context"], context="\n".join(q["context"])) if q["context"] else ""
            options = "\n".join(fill(template["option"], letter=n, text=text) for n, text in q["options"].items())
            return fill(template["question"], context=context, question=q["question"], options=options)

        def answer(row: dict[str, Any]) -> str:
            return fill(style["answer"], rationale=row["rationale"] or "", letter=row["answer"])

        if template["kind"] == "completion":
            shown = [asked(row) + style["opening"] + answer(row) for row in rows]
            return template["separator"].join([head, *shown, asked(question) + style["opening"]])
        turns = [
            {"role": role, "content": text}
            for row in rows
            for role, text in (("user", asked(row)), ("assistant", answer(row)))
        ]
        turns.append({"role": "user", "content": asked(question)})
        if template["system"]:
            return [{"role": "system", "content": head}, *turns]
        turns[0]["content"] = head + template["separator"] + turns[0]["content"]
        return turns

    def golden(self, row: dict[str, Any]) -> dict[str, Any]:
        question = row["question"]
        rows = self.chosen(question, row["vector"])
        votes = []
        for sample, order in enumerate(self.orders(question)):
            letters = list(question["options"])
            options = {shown: question["options"][own] for shown, own in zip(letters, order, strict=True)}
            greedy = self.program["decode"]["temperature"] == 0
            seed = None if greedy else seed_of(self.program["seed"], question["question"], sample, 0)
            prompt = self.render(question | {"options": options}, rows)
            votes.append({"sample": sample, "order": order, "seed": seed, "prompt": prompt})
        return row | {"exemplars": [shown["id"] for shown in rows], "votes": votes}


def check(frozen: FrozenProgram) -> None:
    reader = Reader.of(frozen.directory)
    lines = (frozen.directory / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    for line in lines:
        assert reader.golden(json.loads(line)) == json.loads(line)


@pytest.mark.parametrize("benchmark", ["medqa", "medmcqa", "pubmedqa", "mmlu"])
@pytest.mark.parametrize("name", [*STRATEGY_CLASSES, MajorityEnsemble.name])
def test_page_renders_the_golden_prompts(
    name: str, benchmark: str, ready: Callable[..., Strategy | MajorityEnsemble], frozen: Callable[..., FrozenProgram]
) -> None:
    check(frozen(ready(name, benchmark).prompt_program(), benchmark=benchmark))


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name)
def test_page_covers_every_template(
    template: Template, ready: Callable[..., Strategy | MajorityEnsemble], frozen: Callable[..., FrozenProgram]
) -> None:
    check(frozen(ready("ensemble", "pubmedqa", template).prompt_program(), benchmark="pubmedqa"))


def test_page_covers_more_votes_than_orders(
    ready: Callable[..., Strategy | MajorityEnsemble], frozen: Callable[..., FrozenProgram]
) -> None:
    member = ready("knn-few-shot", "pubmedqa", PLAIN)
    assert isinstance(member, Strategy)
    ensemble = MajorityEnsemble(member, votes=8, decode=SamplingParams(max_tokens=8, temperature=0.5), seed=5)
    check(frozen(ensemble.prompt_program(), benchmark="pubmedqa"))


def test_page_covers_nearest_first(
    ready: Callable[..., Strategy | MajorityEnsemble], frozen: Callable[..., FrozenProgram]
) -> None:
    program = ready("knn-cot", "mmlu").prompt_program()
    assert isinstance(program.exemplars, KNNExemplars)
    check(frozen(replace(program, exemplars=replace(program.exemplars, order="nearest-first")), benchmark="mmlu"))


def test_program_without_an_order_is_nearest_last(
    ready: Callable[..., Strategy | MajorityEnsemble], frozen: Callable[..., FrozenProgram]
) -> None:
    """Early programs have no field for the order."""
    there = frozen(ready("knn-cot", "mmlu").prompt_program(), benchmark="mmlu")
    described = there.document.exemplars
    assert isinstance(described, Nearest)
    assert Nearest.model_validate(described.model_dump(exclude={"order"})) == described
    assert described.order == "nearest-last"
