"""Names that the packages export."""

import inspect
from importlib import import_module

import pytest

PACKAGES = ["openmedlm", *(f"openmedlm.{name}" for name in ("data", "metrics", "programs", "optimizers", "inference"))]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_in_all_exists(package: str) -> None:
    module = import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_all_has_no_repeated_name(package: str) -> None:
    names = import_module(package).__all__
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("package", ["openmedlm.data", "openmedlm.metrics"])
def test_every_exported_class_and_function_has_a_docstring(package: str) -> None:
    module = import_module(package)
    exported = {name: getattr(module, name) for name in module.__all__}
    public = {name: value for name, value in exported.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert [name for name, value in public.items() if not value.__doc__] == []
