"""Names that `openmedlm.optimizers` exports."""

import subprocess
import sys

import pytest

import openmedlm.optimizers


def test_every_exported_name_is_defined() -> None:
    for name in openmedlm.optimizers.__all__:
        assert getattr(openmedlm.optimizers, name).__doc__
    assert set(dir(openmedlm.optimizers)) == set(openmedlm.optimizers.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        openmedlm.optimizers.nonesuch  # noqa: B018


def test_import_loads_neither_dspy_nor_optuna() -> None:
    code = "import sys, openmedlm.optimizers; assert not {'dspy', 'optuna', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
