import pytest

from openmedlm.utils.choices import check_choice
from openmedlm.utils.errors import UserError


def test_check_choice_known_name_is_returned() -> None:
    assert check_choice("dev", ("pool", "dev", "test"), "split") == "dev"


def test_check_choice_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="medqa, medmcqa") as caught:
        check_choice("MedQ", ("medqa", "medmcqa"), "benchmark")
    assert 'benchmark "MedQ"' in str(caught.value)
    assert 'did you mean "medqa"' in str(caught.value)


def test_check_choice_far_name_suggests_nothing() -> None:
    with pytest.raises(UserError, match="pool, dev") as caught:
        check_choice("zzz", ("pool", "dev"), "split")
    assert "did you mean" not in str(caught.value)
