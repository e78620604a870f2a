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


def test_score_counts_correct_and_unanswered(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(
        tmp_path / "file.jsonl",
        {"qid": "1", "gold": "B", "completion": "The answer is (B)."},
        {"qid": "2", "gold": "B", "completion": "The answer is (C)."},
        {"qid": "3", "gold": "A", "completion": "A patient with fever may have many diseases."},
    )
    ended = openmedlm("score", file, "--json")
    assert ended.code == 0
    assert (ended.json["n"], ended.json["correct"], ended.json["unanswered"]) == (3, 1, 1)


def test_score_votes_uses_first_samples_and_breaks_ties(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "C", "letters": ["B", "C", "C", "B", "C"]})
    assert openmedlm("score", file, "--json").json["correct"] == 1
    assert openmedlm("score", file, "--json", "--votes", 4).json["correct"] == 0
    assert openmedlm("score", file, "--json", "--votes", 1).json["correct"] == 0


def test_score_with_benchmark_takes_its_options(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    text = record["options"][record["answer"]]
    file = write(tmp_path / "f.jsonl", {"qid": record["id"], "gold": record["answer"], "completion": text})
    assert openmedlm("score", file, "--json").json["correct"] == 0
    assert openmedlm("score", file, "--json", "-b", "medqa", "--data-dir", "sample").json["correct"] == 1


def test_score_run_has_one_program_per_model(openmedlm: Callable, tmp_path: Path) -> None:
    letters_of = {"strong": "BBBBBBBB", "weak": "BACBABBC"}
    file = write(
        tmp_path / "file.jsonl",
        *(
            {"qid": f"q{number}", "gold": "B", "model": model, "completion": f"The answer is ({letter})."}
            for model, letters in letters_of.items()
            for number, letter in enumerate(letters)
        ),
    )
    assert openmedlm("score", file, "-o", "run").code == 0
    compared = openmedlm("compare", "run:strong", "run:weak", "--json").json
    assert (compared["n"], compared["difference"], compared["discordant"]) == (8, 0.5, 4)
    assert openmedlm("report", "run", "-o", "page.html").code == 0
    assert "strong" in (tmp_path / "page.html").read_text()


def test_score_run_fills_missing_options_and_letters(openmedlm: Callable, tmp_path: Path) -> None:
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


def test_score_same_id_in_two_benchmarks_is_two_questions(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [
        {"qid": "1", "gold": gold, "letters": ["A"], "benchmark": benchmark}
        for benchmark, gold in (("x", "A"), ("y", "B"))
    ]
    file = write(tmp_path / "file.jsonl", *lines)
    scored = openmedlm("score", file, "-o", "run", "--json").json
    assert (scored["n"], scored["correct"], sorted(scored["by_benchmark"])) == (2, 1, ["x", "y"])
    assert [(q.benchmark, q.answer) for q in read_sent(Path("run")).questions] == [("x", "A"), ("y", "B")]
    assert openmedlm("report", "run", "-o", "page.html").code == 0


def test_score_with_benchmark_refuses_lines_of_another(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    lines = [
        {"qid": record["id"], "gold": record["answer"], "letters": ["A"], "benchmark": benchmark}
        for benchmark in ("medqa", "other")
    ]
    ended = openmedlm("score", write(tmp_path / "f.jsonl", *lines), "-b", "medqa", "--data-dir", "sample")
    assert ended.code == 2
    assert "f.jsonl:2: " in ended.err


def test_score_options_of_a_line_replace_the_benchmarks(openmedlm: Callable, tmp_path: Path) -> None:
    record = openmedlm("data", "show", "-b", "medqa", "--split", "test", "--data-dir", "sample", "--json").json
    letters, texts = list(record["options"]), list(record["options"].values())[::-1]
    gold = letters[texts.index(record["options"][record["answer"]])]
    line = {"qid": record["id"], "gold": gold, "letters": [gold], "options": dict(zip(letters, texts, strict=True))}
    file = write(tmp_path / "f.jsonl", line)
    assert openmedlm("score", file, "-b", "medqa", "--data-dir", "sample", "-o", "run").code == 0
    (question,) = read_sent(Path("run")).questions
    assert (question.question, list(question.options.values()), question.answer) == (record["question"], texts, gold)


def test_score_run_refuses_two_versions_of_a_question(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [
        {"qid": "1", "gold": gold, "letters": ["A"], "model": model, "options": {"A": a, "B": b}}
        for model, gold, a, b in (("one", "A", "yes", "no"), ("other", "B", "no", "yes"))
    ]
    file = write(tmp_path / "file.jsonl", *lines)
    assert openmedlm("score", file, "--json").json["n"] == 2
    ended = openmedlm("score", file, "-o", "run")
    assert ended.code == 2
    assert "file.jsonl:2" in ended.err
    assert not Path("run").exists()


def test_score_refuses_model_with_the_name_for_unnamed(openmedlm: Callable, tmp_path: Path) -> None:
    named = {"qid": "1", "gold": "A", "letters": ["A"], "model": "completions"}
    file = write(tmp_path / "file.jsonl", named, {"qid": "1", "gold": "A", "letters": ["B"]})
    ended = openmedlm("score", file, "-o", "run")
    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_score_never_overwrites_another_run(openmedlm: Callable, tmp_path: Path) -> None:
    line = {"qid": "1", "gold": "C", "letters": ["B", "C", "C"]}
    file = write(tmp_path / "file.jsonl", line)
    assert openmedlm("score", file, "-o", "run").code == 0
    assert openmedlm("score", file, "-o", "run").code == 0
    assert openmedlm("score", file, "-o", "run", "--votes", 1).code == 2
    write(file, {**line, "letters": ["A", "A", "A"]})
    assert openmedlm("score", file, "-o", "run").code == 2


def test_score_run_of_one_option_and_blank_name_is_readable(openmedlm: Callable, tmp_path: Path) -> None:
    line = {"qid": "1", "gold": "A", "completion": "A", "options": {"A": "yes"}, "benchmark": " "}
    file = write(tmp_path / "file.jsonl", line)
    assert openmedlm("score", file, "-o", "run").code == 0
    (question,) = read_sent(Path("run")).questions
    assert (question.benchmark, list(question.options)) == ("completions", ["A", "B"])


def test_score_without_cost_reports_null_cost(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [{"qid": "1", "gold": "A", "letters": ["A"], "model": model} for model in ("one", "other")]
    scored = openmedlm("score", write(tmp_path / "file.jsonl", *lines), "-o", "run", "--json").json
    assert (scored["cost_usd"], scored["cost_per_correct"]) == (None, None)
    assert openmedlm("report", "run", "-o", "page.html").code == 0
    page = (tmp_path / "page.html").read_text()
    assert "Recall by letter" in page
    assert "Cost against accuracy" not in page


def test_score_of_several_models_has_no_total_interval(openmedlm: Callable, tmp_path: Path) -> None:
    lines = [{"qid": "1", "gold": "A", "letters": ["A"], "model": model} for model in ("one", "other")]
    scored = openmedlm("score", write(tmp_path / "file.jsonl", *lines), "--json").json
    assert (scored["accuracy"], scored["ci_low"], scored["ci_high"]) == (1, None, None)
    assert all(run["ci_low"] is not None for run in scored["runs"])


def test_score_lone_surrogate_is_refused_outside_completions(openmedlm: Callable, tmp_path: Path) -> None:
    file = tmp_path / "file.jsonl"
    file.write_text('{"qid": "1", "gold": "A", "completion": "\\ud800 Answer: A"}')
    assert openmedlm("score", file, "-o", "run", "--json").json["correct"] == 1
    for key in ("qid", "model", "benchmark", "method"):
        file.write_text(f'{{"qid": "1", "gold": "A", "completion": "A", "{key}": "x\\ud800"}}')
        ended = openmedlm("score", file)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "file.jsonl:1" in ended.err


def test_score_prints_no_terminal_control_characters(openmedlm: Callable, tmp_path: Path) -> None:
    line = {"qid": "1", "gold": "A", "letters": ["A"], "model": "evil\x1b]0;title\x07\x1b[2J\u202e[red]name"}
    shown = openmedlm("score", write(tmp_path / "file.jsonl", line)).out
    assert "[red]name" in shown
    assert not set(shown) & set("\x1b\x07\u202e")
    file = write(tmp_path / "file.jsonl", line, line | {"gold": "\x1b[2J\nB"})
    refused = openmedlm("score", file).err
    assert (refused.count("\n"), "\x1b" in refused) == (1, False)


def test_score_output_name_not_utf8_is_refused(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "A", "letters": ["A"]})
    ended = openmedlm("score", file, "-o", os.fsdecode(b"r\xff"))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "not UTF-8" in ended.err


def test_score_on_full_disk_leaves_no_partial_file(tmp_path: Path) -> None:
    write(tmp_path / "file.jsonl", *({"qid": str(n), "gold": "A", "letters": ["A"]} for n in range(3_000)))
    command = f"ulimit -f 8; exec {sys.executable} -m openmedlm score file.jsonl -o run"
    ended = subprocess.run(["bash", "-c", f"trap '' XFSZ; {command}"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
    assert "File too large" in ended.stderr
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert not list((tmp_path / "run").glob("*.tmp"))


def test_score_negative_seed_is_refused(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "A", "letters": ["A"]})
    assert openmedlm("score", file, "--seed", "-1").code == 2


def test_score_malformed_line_names_its_row(openmedlm: Callable, tmp_path: Path) -> None:
    file = write(tmp_path / "file.jsonl", {"qid": "1", "gold": "B", "completion": "B"}, {"qid": "2", "gold": "B"})
    ended = openmedlm("score", file)
    assert ended.code == 2
    assert "file.jsonl:2" in ended.err
    assert ended.err.count("\n") == 1
