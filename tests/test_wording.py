"""Code, help, messages and pages keep to the field's words; docs/glossary.md has the few of our own."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PLAIN = {
    r"\bcame?\sto\b": "result",
    r"\bmends?\b": "fix",
    r"\bstands?\stwice\b": "duplicate",
    r"\b(?:is|are|be|being|was|were)\stold\b": "is reported",
    r"\btold\s(?:as|of|apart)\b": "reported as, distinguished",
    r"\btells?\s(?:apart|good|the|of|what|how|whether)\b": "shows, reports",
    r"\bgives?\sway\b|\bgiven\sway\b": "reduces concurrency",
    r"\bat\shand\b|\bas\syet\b": "available, yet",
    r"\blooks?\sat\stest\b": "evaluations on test",
    r"\bb(?:ought|uys?|uying|uyer)\b": "request, API call",
    r"\b[Bb]allots?\b|\b[Ss]lips?\b": "sample prompt, pending request",
    r"\bLesson\b|\bCourse\b|\bSheet\b|\bWorkshop\b|\bExaminer\b|\bClaimant\b|\bTwins\b|\bSlots\b": "docs/glossary.md",
    r"\bunread\b": "no answer",
    r"\b(?:RUNG|rung)s?\b|\b(?:UNTUNED|untuned)\b": "strategy, baseline",
    r"\brooms?\b|\bhouse\b": "layer, package",
    r"\b(?:no|some)body\b|\bone's\sown\b": "name the agent",
    r"\b[Aa]gainst\sthe\sfirst\b|\bthe\sfirst\sless\sthe\ssecond\b": "vs BASELINE",
    r"\bin\splace\sof\b": "instead of",
    r"\bwithout\sa\sword\b|\bspares?\b|\bhurry\b": "a plainer word",
    r'^\s*(?:r|f)?"""(?:What|Which|Who|Whether|How|Where|Whose)\b': "a verb or a noun to begin with",
}
CHECKED = re.compile(r"\.(py|md|toml|html|js|yaml|yml|txt|sh|cfg)$|^Makefile$")
LEFT_OUT = re.compile(r"(^|/)(sample|migrations|released)/|requirements\.lock$|^tests/test_wording\.py$")
ALLOWED = 20
"""Lines in which such a word is the right one."""


def checked_lines() -> list[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if listed == [""]:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed if CHECKED.search(name) and not LEFT_OUT.search(name)]
    return [
        (f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}", line)
        for file in files
        if file.is_file() and not file.is_symlink()
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1)
    ]


def test_wording_stays_plain() -> None:
    found = [
        f"{place}  → {better}"
        for place, line in checked_lines()
        for pattern, better in PLAIN.items()
        if re.search(pattern, line)
    ]
    assert len(found) <= ALLOWED, "\n".join(found)


def test_test_names_are_short() -> None:
    names = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
    long = [
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in names.findall(file.read_text("utf-8"))
        if len(name) > 60
    ]
    assert long == []
