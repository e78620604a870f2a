"""Programs that earlier releases froze: they load, verify and render as they did then."""

import hashlib
from pathlib import Path

import orjson
import pytest

from openmedlm.programs.frozen import ProgramMetadata, freeze_program, load_program, verify_program
from openmedlm.programs.frozen.golden import read_golden
from openmedlm.programs.to_module import to_module

RELEASED = sorted(Path(__file__).with_name("released").glob("*/*"))


@pytest.fixture(params=RELEASED, ids=lambda path: f"{path.parent.name}-{path.name}")
def released(request: pytest.FixtureRequest) -> Path:
    """Directory of a program as an earlier release froze it."""
    directory: Path = request.param
    return directory


def test_released_programs_are_of_two_kinds() -> None:
    assert {path.name for path in RELEASED} == {"ensemble", "knn-cot"}


def test_released_files_have_the_recorded_digests(released: Path) -> None:
    recorded = orjson.loads((released / "program.json").read_bytes())["files"]
    assert recorded.keys() == {"README.md", "exemplars.parquet", "golden.jsonl"}
    for name, digest in recorded.items():
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest


def test_released_program_verifies(released: Path) -> None:
    result = verify_program(released)
    assert result.files == 4
    assert result.prompts == len(read_golden(result.frozen.golden)) * result.frozen.program.votes


def test_released_program_renders_golden_prompts(released: Path) -> None:
    program = load_program(released).program
    for line in (released / "golden.jsonl").read_bytes().splitlines():
        ((question, _, _),) = read_golden(line)
        (retrieved,) = program.exemplars.choose([question])
        expected = [vote["prompt"] for vote in orjson.loads(line)["votes"]]
        rendered = [vote.prompt for vote in program.sample_prompts(question, retrieved.exemplars)]
        assert orjson.dumps(rendered) == orjson.dumps(expected)


def test_released_program_freezes_to_the_same_files(released: Path, tmp_path: Path) -> None:
    frozen = load_program(released)
    document = frozen.document
    metadata = ProgramMetadata(document.model, document.benchmark, document.provenance.pool, document.dev)
    questions = [question for question, _, _ in read_golden(frozen.golden)]
    again = freeze_program(frozen.program, tmp_path / "again", metadata, questions)
    for name in ("exemplars.parquet", "golden.jsonl"):
        assert (again.directory / name).read_bytes() == (released / name).read_bytes()
    unstable = {"schema_version", "files", "sha256", "provenance"}  # digest of the card, versions of packages
    assert again.document.model_dump(exclude=unstable) == document.model_dump(exclude=unstable)


def test_released_program_becomes_the_same_module(released: Path) -> None:
    program = load_program(released).program
    assert to_module(program).prompt_program().digest() == program.digest()


def test_released_score_names_unparsed_treatment(released: Path) -> None:
    dev = load_program(released).document.dev
    assert dev is not None
    assert (dev.unreadable, dev.on_unparsed) == ("close", "constrain")
