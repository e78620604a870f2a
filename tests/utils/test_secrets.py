import pytest

from openmedlm.utils.secrets import without_secrets


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "CLIENT_SECRET", "db_password"])
def test_what_a_variable_of_a_secret_s_name_holds_is_masked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-abcdef")
    assert without_secrets("bad key Bearer sk-abcdef, twice sk-abcdef") == "bad key Bearer ***, twice ***"


def test_given_secrets_are_masked_whole_where_one_is_part_of_another() -> None:
    assert without_secrets("keys abc and abcdef", ["abc", "abcdef", None, ""]) == "keys *** and ***"


def test_what_stands_before_the_at_of_an_address_is_masked() -> None:
    assert without_secrets("http://u:pw@127.0.0.1:9/v1 refused") == "http://***@127.0.0.1:9/v1 refused"


def test_other_text_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "a")
    monkeypatch.setenv("MONKEY", "banana")
    text = "a mail to x@y.org about a banana at https://host/a@b"
    assert without_secrets(text) == text
