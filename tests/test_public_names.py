"""Names that the packages export."""

import inspect
from importlib import import_module

import pytest
from dspy.teleprompt import Teleprompter

import openmedlm

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


def test_names_shared_with_dspy_mean_the_same_kind() -> None:
    """A script may star-import `dspy.teleprompt` and `openmedlm`: a common name is an optimizer in both."""
    theirs: dict[str, object] = {}
    ours: dict[str, object] = {}
    exec("from dspy.teleprompt import *", theirs)
    exec("from openmedlm import *", ours)
    assert set(openmedlm.__all__) <= set(ours)
    shared = (set(theirs) & set(ours)) - {"__builtins__"}
    optimizers = {
        name
        for name in shared
        if all(issubclass(each[name], Teleprompter) for each in (theirs, ours))  # type: ignore[arg-type]
    }
    assert shared == optimizers == {"KNNFewShot"}
