from collections.abc import Callable
from pathlib import Path

import orjson

from programs.runs import read_sent


def write(path: Path, *records: object) -> Path:
    path.write_bytes(b"\n".join(map(orjson.dumps, records)))
    return path


def test_completions_are_read_and_counted(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(
        tmp_path / "file.jsonl",
        {"qid": "1", "gold": "B", "completion": "The answer is (B)."},
        {"qid": "2", "gold": "B", "completion": "The answer is (C)."},
        {"qid": "3", "gold": "A", "completion": "A patient with fever may have many diseases."},
    )
    ended = openmedlm("score", file, "--json")
    assert ended.code == 0
    assert (ended.json["n"], ended.json["correct"], ended.json["unanswered"]) == (3, 1, 1)


def test_the_majority_of_the_first_samples_decides_and_a_tie_goes_to_the_first(
    openmedlm: Callable, tmp_path: Path
) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "C", "letters": ["B", "C", "C", "B", "C"]})
    assert openmedlm("score", file, "--json").json["correct"] == 1
    assert openmedlm("score", file, "--json", "--votes", 4).json["correct"] == 0
    assert openmedlm("score", file, "--json", "--votes", 1).json["correct"] == 0


def test_options_come_from_a_benchmark(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    said = record["options"][record["answer"]]
    file = write(tmp_path / "f.jsonl", {"qid": record["id"], "gold": record["answer"], "completion": said})
    assert openmedlm("score", file, "--json").json["correct"] == 0
    assert openmedlm("score", file, "--json", "-b", "medqa", "--data-dir", "sample").json["correct"] == 1


def test_models_are_compared_and_looked_at_as_the_programs_of_a_run(openmedlm: Callable, tmp_path: Path) -> None:
    said = {"strong": "BBBBBBBB", "weak": "BACBABBC"}
    file = write(
        tmp_path / "file.jsonl",
        *(
            {"qid": f"q{number}", "gold": "B", "model": model, "completion": f"The answer is ({letter})."}
            for model, letters in said.items()
            for number, letter in enumerate(letters)
        ),
    )
    assert openmedlm("score", file, "-o", "run").code == 0
    compared = openmedlm("compare", "run:strong", "run:weak", "--json").json
    assert (compared["n"], compared["difference"], compared["discordant"]) == (8, 0.5, 4)
    assert openmedlm("report", "run", "-o", "page.html").code == 0
    assert "strong" in (tmp_path / "page.html").read_text()


def test_a_run_of_completions_keeps_odd_letters_and_what_is_not_known(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(
        tmp_path / "file.jsonl",
        {"qid": "1", "gold": "H", "letters": ["H", "J", None]},
        {"qid": "2", "gold": "C", "completion": "C", "options": {"C": "three", "A": " "}},
    )
    assert openmedlm("score", file, "-o", "run").code == 0
    first, second = read_sent(Path("run")).questions
    assert "".join(first.options) == "ABCDEFGH"
    assert (list(second.options), second.options["C"]) == (["A", "B", "C"], "three")
    assert openmedlm("report", "run", "-o", "page.html").code == 0


def test_a_malformed_line_is_named(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "B", "completion": "B"}, {"qid": "2", "gold": "B"})
    ended = openmedlm("score", file)
    assert ended.code == 2
    assert "file.jsonl:2" in ended.err
    assert ended.err.count("\n") == 1
