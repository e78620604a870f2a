import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson

from openmedlm.runs import read_sent


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


def test_a_question_of_two_benchmarks_is_two_questions(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [
        {"qid": "1", "gold": gold, "letters": ["A"], "benchmark": benchmark}
        for benchmark, gold in (("x", "A"), ("y", "B"))
    ]
    file = write(tmp_path / "file.jsonl", *lines)
    scored = openmedlm("score", file, "-o", "run", "--json").json
    assert (scored["n"], scored["correct"], sorted(scored["by_benchmark"])) == (2, 1, ["x", "y"])
    assert [(q.benchmark, q.answer) for q in read_sent(Path("run")).questions] == [("x", "A"), ("y", "B")]
    assert openmedlm("report", "run", "-o", "page.html").code == 0


def test_with_a_benchmark_one_id_can_not_be_of_two(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    lines = [
        {"qid": record["id"], "gold": record["answer"], "letters": ["A"], "benchmark": benchmark}
        for benchmark in ("medqa", "other")
    ]
    ended = openmedlm("score", write(tmp_path / "f.jsonl", *lines), "-b", "medqa", "--data-dir", "sample")
    assert ended.code == 2
    assert "f.jsonl:2: " in ended.err


def test_the_options_that_a_line_gives_are_those_of_its_question(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    letters, texts = list(record["options"]), list(record["options"].values())[::-1]
    gold = letters[texts.index(record["options"][record["answer"]])]
    line = {"qid": record["id"], "gold": gold, "letters": [gold], "options": dict(zip(letters, texts, strict=True))}
    file = write(tmp_path / "f.jsonl", line)
    assert openmedlm("score", file, "-b", "medqa", "--data-dir", "sample", "-o", "run").code == 0
    (question,) = read_sent(Path("run")).questions
    assert (question.question, list(question.options.values()), question.answer) == (record["question"], texts, gold)


def test_a_run_holds_one_version_of_a_question(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [
        {"qid": "1", "gold": gold, "letters": ["A"], "model": model, "options": {"A": a, "B": b}}
        for model, gold, a, b in (("one", "A", "yes", "no"), ("other", "B", "no", "yes"))
    ]
    file = write(tmp_path / "file.jsonl", *lines)
    assert openmedlm("score", file, "--json").json["n"] == 2
    ended = openmedlm("score", file, "-o", "run")
    assert ended.code == 2
    assert "file.jsonl:2: 1 has other options" in ended.err
    assert not Path("run").exists()


def test_lines_without_a_model_are_not_taken_for_a_model_of_that_name(openmedlm: Callable, tmp_path: Path) -> None:
    named = {"qid": "1", "gold": "A", "letters": ["A"], "model": "completions"}
    file = write(tmp_path / "file.jsonl", named, {"qid": "1", "gold": "A", "letters": ["B"]})
    ended = openmedlm("score", file, "-o", "run")
    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_another_run_of_the_same_questions_is_not_written_over(openmedlm: Callable, tmp_path: Path) -> None:
    line = {"qid": "1", "gold": "C", "letters": ["B", "C", "C"]}
    file = write(tmp_path / "file.jsonl", line)
    assert openmedlm("score", file, "-o", "run").code == 0
    assert openmedlm("score", file, "-o", "run").code == 0
    assert openmedlm("score", file, "-o", "run", "--votes", 1).code == 2
    write(file, {**line, "letters": ["A", "A", "A"]})
    assert openmedlm("score", file, "-o", "run").code == 2


def test_a_question_of_one_option_and_a_blank_name_make_a_run_that_can_be_read(
    openmedlm: Callable, tmp_path: Path
) -> None:
    line = {"qid": "1", "gold": "A", "completion": "A", "options": {"A": "yes"}, "benchmark": " "}
    file = write(tmp_path / "file.jsonl", line)
    assert openmedlm("score", file, "-o", "run").code == 0
    (question,) = read_sent(Path("run")).questions
    assert (question.benchmark, list(question.options)) == ("completions", ["A", "B"])


def test_what_others_sampled_has_no_known_cost(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [{"qid": "1", "gold": "A", "letters": ["A"], "model": model} for model in ("one", "other")]
    scored = openmedlm("score", write(tmp_path / "file.jsonl", *lines), "-o", "run", "--json").json
    assert (scored["cost_usd"], scored["cost_per_correct"]) == (None, None)
    assert openmedlm("report", "run", "-o", "page.html").code == 0
    page = (tmp_path / "page.html").read_text()
    assert "Recall by letter" in page
    assert "Cost against accuracy" not in page


def test_answers_of_several_models_together_have_no_interval_of_independent_ones(
    openmedlm: Callable, tmp_path: Path
) -> None:
    lines = [{"qid": "1", "gold": "A", "letters": ["A"], "model": model} for model in ("one", "other")]
    scored = openmedlm("score", write(tmp_path / "file.jsonl", *lines), "--json").json
    assert (scored["accuracy"], scored["ci_low"], scored["ci_high"]) == (1, None, None)
    assert all(run["ci_low"] is not None for run in scored["runs"])


def test_half_a_character_in_a_completion_loses_nothing_and_elsewhere_is_refused(
    openmedlm: Callable, tmp_path: Path
) -> None:
    file = tmp_path / "file.jsonl"
    file.write_text('{"qid": "1", "gold": "A", "completion": "\\ud800 Answer: A"}')
    assert openmedlm("score", file, "-o", "run", "--json").json["correct"] == 1
    for key in ("qid", "model", "benchmark", "method"):
        file.write_text(f'{{"qid": "1", "gold": "A", "completion": "A", "{key}": "x\\ud800"}}')
        ended = openmedlm("score", file)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "file.jsonl:1" in ended.err


def test_what_a_terminal_would_obey_is_not_printed(openmedlm: Callable, tmp_path: Path) -> None:
    line = {"qid": "1", "gold": "A", "letters": ["A"], "model": "evil\x1b]0;title\x07\x1b[2J\u202e[red]name"}
    shown = openmedlm("score", write(tmp_path / "file.jsonl", line)).out
    assert "[red]name" in shown
    assert not set(shown) & set("\x1b\x07\u202e")
    file = write(tmp_path / "file.jsonl", line, line | {"gold": "\x1b[2J\nB"})
    refused = openmedlm("score", file).err
    assert (refused.count("\n"), "\x1b" in refused) == (1, False)


def test_a_name_that_is_not_utf8_is_refused(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "A", "letters": ["A"]})
    odd = os.fsdecode(b"r\xff")
    ended = openmedlm("score", file, "-o", odd)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "not UTF-8" in ended.err


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    write(tmp_path / "file.jsonl", *({"qid": str(n), "gold": "A", "letters": ["A"]} for n in range(3_000)))
    command = f"ulimit -f 8; exec {sys.executable} -m openmedlm score file.jsonl -o run"
    ended = subprocess.run(["bash", "-c", f"trap '' XFSZ; {command}"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "File too large" in ended.stderr
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_a_seed_below_zero_is_refused(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "A", "letters": ["A"]})
    assert openmedlm("score", file, "--seed", "-1").code == 2


def test_a_malformed_line_is_named(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "B", "completion": "B"}, {"qid": "2", "gold": "B"})
    ended = openmedlm("score", file)
    assert ended.code == 2
    assert "file.jsonl:2" in ended.err
    assert ended.err.count("\n") == 1
