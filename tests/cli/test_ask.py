import io
from collections.abc import Callable

import orjson
import pytest
from model_server import Asked, ModelServer, Reply

OPTIONS = ("--option", "Vitamin A", "--option", "Vitamin C", "--option", "Vitamin D")


def test_ask_prints_the_letter_and_its_text(openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer) -> None:
    server.reply = lambda asked: Reply("B")
    ended = openmedlm("ask", "zero-shot", *hosted, "-q", "Which vitamin prevents scurvy?", *OPTIONS)
    assert ended.code == 0
    assert "Answer: B. Vitamin C" in ended.out
    assert "not medical advice" in ended.out
    assert "Which vitamin prevents scurvy?" in server.requests[0].question


def test_ask_json_has_votes_reasoning_and_exemplars(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    server.reply = lambda asked: Reply("Collagen needs ascorbic acid.\n\nAnswer: A")
    ended = openmedlm("ask", "ensemble", *hosted, "-q", "Which vitamin prevents scurvy?", *OPTIONS, "-k", 2, "--json")
    answer = ended.json
    assert answer["answer"] in "ABC"
    assert answer["reasoning"] == "Collagen needs ascorbic acid."
    assert len(answer["votes"]) >= 3
    assert len(answer["exemplars"]) == 2
    assert len({vote["order"] for vote in answer["votes"]}) == len(answer["votes"])


def test_ask_without_question_reads_a_record_from_stdin(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {"question": "Does it help?", "options": {"A": "yes", "B": "no"}, "context": ["It helped 9 of 10."]}
    monkeypatch.setattr("sys.stdin", io.StringIO(orjson.dumps(record).decode()))
    openmedlm("ask", "zero-shot", *hosted, "--json")
    assert "It helped 9 of 10." in server.requests[0].question


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ('{"question": "x", "options": {"A": "x", "B": "y", "A": "z"}}', '"A" occurs twice'),
        ("[" * 100_000, "stdin"),
        ("not json", "stdin"),
        ('{"question": "x"}', "options"),
        ('["x"]', "stdin"),
        ("", "stdin"),
    ],
)
def test_ask_with_invalid_record_is_a_one_line_error(
    openmedlm: Callable, hosted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, typed: str, message: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    ended = openmedlm("ask", "zero-shot", *hosted)
    assert ended.code == 2
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_ask_with_unparsed_answer_exits_3(openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer) -> None:
    server.reply = lambda asked: Reply("Hard to say.")
    ended = openmedlm("ask", "zero-shot", *hosted, "-q", "Which?", *OPTIONS, "--on-unparsed", "skip")
    assert ended.code == 3
    assert "No answer" in ended.out


def test_ask_shows_reasoning_in_the_letters_of_the_options(
    openmedlm: Callable, hosted: tuple[str, ...], server: ModelServer
) -> None:
    def reasons(asked: Asked) -> Reply:
        shown = dict(line.split(". ", 1) for line in asked.question.splitlines() if line[1:3] == ". ")
        (letter,) = (letter for letter, text in shown.items() if text == "Vitamin C")
        if letter == "B":  # wrong when the options are in their own order
            return Reply("It is a guess.\n\nThe answer is A.")
        return Reply(f"Bleeding gums speak for option {letter}.\n\nThe answer is {letter}. Vitamin C")

    server.reply = reasons
    command = ("ask", "ensemble", "--member", "cot", *hosted, "-q", "Which vitamin prevents scurvy?", *OPTIONS)
    answer = openmedlm(*command, "--all-votes", "--json").json
    assert (answer["answer"], answer["reasoning"]) == ("B", "Bleeding gums speak for option B.")
