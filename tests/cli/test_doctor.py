"""`openmedlm doctor` prints a table or JSON, and exits with 2 for a server that cannot be used."""

from collections.abc import Callable, Iterator

import pytest
from able_server import Abilities, AbleServer
from rich.cells import cell_len

STATUSES = {"yes", "no", "ignored", "unknown"}


@pytest.fixture
def able() -> Iterator[Callable[[Abilities], str]]:
    """Start a server with some abilities, and return its address."""
    running: list[AbleServer] = []

    def start(abilities: Abilities) -> str:
        running.append(AbleServer(abilities).__enter__())
        return running[-1].base_url

    yield start
    for server in running:
        server.__exit__()


def test_doctor_prints_a_table_of_80_columns(openmedlm, able) -> None:
    address = able(Abilities(system="refused", refused=frozenset({"seed", "n"})))
    ended = openmedlm("doctor", "-m", "hosted_vllm/small", "--api-base", address)
    assert ended.code == 0
    table, _, command = ended.out.partition("The ladder command that fits:\n")
    assert max(cell_len(line.rstrip()) for line in table.splitlines()) <= 80
    assert "--template chat-user" in command
    assert "--omit-param seed" in command
    assert ended.err.count("check ") > 20


def test_doctor_json_is_one_object(openmedlm, able) -> None:
    address = able(Abilities())
    ended = openmedlm("doctor", "-m", "openai/small", "--api-base", address, "--json")
    assert ended.code == 0
    assert set(ended.json) == {"model", "api_base", "checks", "command", "usable"}
    assert (ended.json["model"], ended.json["api_base"], ended.json["usable"]) == ("openai/small", address, True)
    assert all(set(check) == {"name", "status", "finding", "option"} for check in ended.json["checks"])
    assert {check["status"] for check in ended.json["checks"]} <= STATUSES
    assert ended.json["command"][:2] == ["openmedlm", "ladder"]


@pytest.mark.parametrize(
    ("abilities", "model", "named"),
    [(Abilities(key="right"), "small", "--api-key"), (Abilities(), "large", "small")],
)
def test_doctor_exits_2_without_a_usable_server(openmedlm, able, abilities, model, named) -> None:
    ended = openmedlm("doctor", "-m", f"openai/{model}", "--api-base", able(abilities), "--json")
    assert ended.code == 2
    assert ended.json["usable"] is False
    assert ended.json["command"] == []
    (line,) = [line for line in ended.err.splitlines() if line.startswith("openmedlm: ")]
    assert named in line


def test_doctor_without_server_says_so_in_one_line(openmedlm) -> None:
    ended = openmedlm("doctor", "-m", "openai/small", "--api-base", "http://127.0.0.1:9/v1")
    assert ended.code == 2
    assert ended.out == ""
    assert "cannot connect to http://127.0.0.1:9/v1" in ended.err.splitlines()[-1]


def test_doctor_does_not_show_the_key(openmedlm, able) -> None:
    address = able(Abilities(key="right"))
    arguments = ("doctor", "-m", "openai/small", "--api-base", address, "--api-key")
    assert "sk-wrong-1" not in "".join(openmedlm(*arguments, "sk-wrong-1", "--json").err)
    ended = openmedlm(*arguments, "right")
    assert ended.code == 0
    assert "right" not in ended.out.partition("The ladder command")[2]


def test_doctor_writes_no_completion(openmedlm, able, tmp_path) -> None:
    assert openmedlm("doctor", "-m", "openai/small", "--api-base", able(Abilities())).code == 0
    assert not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-m", "hosted_vllm/small"), "--api-base"),
        ((), "--model"),
        (("-m", "openai/small", "--api-base", "http://a/v1", "--api-base", "http://b/v1"), "one replica"),
        (("-m", "openai/small", "--api-base", "http://a/v1", "--template", "none"), "template"),
    ],
)
def test_doctor_with_bad_options_exits_2(openmedlm, arguments, named) -> None:
    ended = openmedlm("doctor", *arguments)
    assert ended.code == 2
    assert named in ended.err


@pytest.mark.parametrize(
    "abilities",
    [
        Abilities(system="refused", refused=frozenset({"seed", "temperature"}), binding=frozenset()),
        Abilities(thoughts="field", off="reasoning_effort", thought_words=9000),
        Abilities(turns=False, limited=True),
        Abilities(chat=False),
    ],
)
def test_command_of_doctor_is_accepted(openmedlm, able, abilities) -> None:
    examined = openmedlm("doctor", "-m", "hosted_vllm/small", "--api-base", able(abilities), "--json")
    _, *arguments = examined.json["command"]
    assert openmedlm(*arguments, "--strategies", "zero-shot", "--dry-run").code == 0
