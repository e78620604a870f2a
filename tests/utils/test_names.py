import pytest

from openmedlm.utils.errors import UserError
from openmedlm.utils.names import check_choice


def test_a_known_name_passes() -> None:
    assert check_choice("dev", ("pool", "dev", "test"), "split") == "dev"


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        check_choice("MedQ", ("medqa", "medmcqa"), "benchmark")
    assert str(caught.value) == 'unknown benchmark "MedQ"; did you mean "medqa"? (there are: medqa, medmcqa)'


def test_a_far_name_suggests_nothing() -> None:
    with pytest.raises(UserError) as caught:
        check_choice("zzz", ("pool", "dev"), "split")
    assert str(caught.value) == 'unknown split "zzz" (there are: pool, dev)'
