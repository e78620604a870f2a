"""Examples in the docstrings of the package."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

from openmedlm import programs

MODULES = [module.name for module in walk_packages(programs.__path__, "openmedlm.programs.")]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
