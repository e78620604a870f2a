from hypothesis import given
from hypothesis import strategies as st

from openmedlm.utils.errors import MAX_MESSAGE_CHARACTERS, UserError


@given(st.text())
def test_user_error_message_is_one_printable_line(text: str) -> None:
    assert str(UserError(text)).isprintable()


def test_user_error_escapes_control_characters() -> None:
    assert str(UserError("a\x1b[2J\nb")) == "a\\x1b[2J b"


def test_user_error_long_message_keeps_both_ends() -> None:
    message = str(UserError("FILE:3: " + "x" * 9_000 + " Correct it."))
    assert message.startswith("FILE:3: ")
    assert message.endswith(" Correct it.")
    assert len(message) == MAX_MESSAGE_CHARACTERS + 1
