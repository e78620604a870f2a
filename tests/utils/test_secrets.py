import pytest

from openmedlm.utils.secrets import without_secrets


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "CLIENT_SECRET", "db_password"])
def test_without_secrets_masks_environment_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-abcdef")
    assert without_secrets("bad key Bearer sk-abcdef, twice sk-abcdef") == "bad key Bearer ***, twice ***"


def test_without_secrets_masks_the_longest_secret_first() -> None:
    assert without_secrets("keys abc and abcdef", ["abc", "abcdef", None, ""]) == "keys *** and ***"


def test_without_secrets_masks_user_and_password_of_a_url() -> None:
    assert without_secrets("http://u:pw@127.0.0.1:9/v1 refused") == "http://***@127.0.0.1:9/v1 refused"


def test_without_secrets_keeps_other_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "a")
    monkeypatch.setenv("MONKEY", "banana")
    text = "a mail to x@y.org about a banana at https://host/a@b"
    assert without_secrets(text) == text
