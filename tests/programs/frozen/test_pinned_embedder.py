"""A program alone never causes a key to be sent."""

from pathlib import Path

import numpy as np
import pytest
from model_server import ModelServer

from openmedlm.data import Question, UserError
from openmedlm.programs import CHAT, Exemplar, KNNExemplars, PromptProgram, SamplingParams
from openmedlm.programs.frozen import ProgramMetadata, freeze_program, verify_program
from openmedlm.programs.retrieval import LitellmEmbedder, NeighbourIndex


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ModelServer) -> Path:
    """A frozen program whose embedder is a service at an address chosen by its author."""
    embedder = LitellmEmbedder("openai/e", server.base_url)
    monkeypatch.setattr(embedder, "encode", lambda texts: np.tile(np.float32([1, 0]), (len(texts), 1)))
    question = Question("q", "invented", "pool", "Which organ pumps?", {"A": "Heart", "B": "Liver"}, "A")
    asked = Question("d", "invented", "dev", "Which organ filters?", {"A": "Heart", "B": "Kidney"}, "B")
    index = NeighbourIndex((question,), np.float32([[1, 0]]), embedder)
    source = KNNExemplars(index, (Exemplar(question),), 1)
    program = PromptProgram("knn-few-shot", "Answer.", CHAT, False, SamplingParams(max_tokens=8), source)
    freeze_program(program, tmp_path / "p", ProgramMetadata("m/x", "invented", None, None), [asked])
    return tmp_path / "p"


def test_address_named_only_by_the_program_is_not_called(
    foreign: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    monkeypatch.setattr(LitellmEmbedder, "encode", lambda *_: pytest.fail("the address was called"))
    with pytest.raises(UserError, match=r"remote service.* set --embedder litellm:openai/e@http"):
        verify_program(foreign)


def test_address_named_by_the_user_is_called(
    foreign: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LitellmEmbedder, "encode", lambda _, texts: np.tile(np.float32([1, 0]), (len(texts), 1)))
    assert verify_program(foreign, f"litellm:openai/e@{server.base_url}").prompts == 1
