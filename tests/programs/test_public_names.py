"""Public names of the package: complete, and free of DSPy until a module is used."""

import subprocess
import sys
from importlib import import_module

import pytest


@pytest.mark.parametrize("package", ["openmedlm.programs", "openmedlm.programs.frozen"])
def test_all_lists_every_public_name(package: str) -> None:
    module = import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match="'ZeroShoot'"):
        module.ZeroShoot  # noqa: B018


def test_lazy_names_cover_the_typed_imports() -> None:
    from openmedlm import programs
    from openmedlm.programs.zero_shot import ZeroShot

    assert programs.ZeroShot is ZeroShot


def test_importing_programs_does_not_import_dspy() -> None:
    code = (
        "import sys, openmedlm.programs as p, openmedlm.programs.frozen as f; p.PromptProgram, f.load_program;"
        "assert 'dspy' not in sys.modules; p.CoT; assert 'dspy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
