"""Every name that a package exports exists."""

from importlib import import_module

import pytest


@pytest.mark.parametrize("package", ["data", "metrics", "programs", "optimizers", "openmedlm"])
def test_all_names_what_is_there(package: str) -> None:
    module = import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
