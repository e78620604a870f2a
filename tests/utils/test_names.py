import pytest

from openmedlm.utils.errors import BadInput
from openmedlm.utils.names import known_name


def test_a_known_name_passes() -> None:
    assert known_name("dev", ("pool", "dev", "test"), "split") == "dev"


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        known_name("MedQ", ("medqa", "medmcqa"), "benchmark")
    assert str(caught.value) == 'unknown benchmark "MedQ"; did you mean "medqa"? (there are: medqa, medmcqa)'


def test_a_far_name_suggests_nothing() -> None:
    with pytest.raises(BadInput) as caught:
        known_name("zzz", ("pool", "dev"), "split")
    assert str(caught.value) == 'unknown split "zzz" (there are: pool, dev)'
