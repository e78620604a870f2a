import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmedlm.utils.strict_json import DuplicateKeyError, load_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_load_json_decodes_as_json_does(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert load_json(text) == value
    assert load_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"id": 1, "options": {"A": "x", "B": "y", "A": "z"}}', "A"),
        ('{"id": 1, "id": 1}', "id"),
        ('[[{"x": {"é": 1, "\\u00e9": 2}}]]', "é"),
        (b'{"A": 1, "B": 2, "B": 3}', "B"),
    ],
)
def test_load_json_refuses_a_repeated_key(text: str | bytes, key: str) -> None:
    with pytest.raises(DuplicateKeyError, match=f'"{key}"'):
        load_json(text)


@pytest.mark.parametrize("text", ["{", "", "[1,]", b"\xff", '{"a": 1} x'])
def test_load_json_invalid_text_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        load_json(text)
