"""DSPy states: keys and values of earlier releases still load."""

from collections.abc import Callable
from pathlib import Path

import dspy
import orjson

from openmedlm.programs import CHAT, SamplingParams
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.few_shot_cot import FewShotCoT
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.template import CHAT_USER

SAMPLED = SamplingParams(max_tokens=9, temperature=0.3)


class Triage(dspy.Module):
    """A user's own program with a strategy inside."""

    def __init__(self) -> None:
        super().__init__()
        self.qa = FewShotCoT(CHAT_USER, SAMPLED, seed=3)


def test_state_keys_are_those_of_release_0_1_0() -> None:
    assert FewShotCoT().dump_state().keys() == {"predict.predict", "form"}
    assert MajorityEnsemble(FewShotCoT()).dump_state().keys() == {"member.predict.predict", "member.form", "form"}
    assert Triage().dump_state().keys() == {"qa.predict.predict", "qa.form"}


def test_state_inside_a_users_program_is_restored(tmp_path: Path) -> None:
    saved, loaded = Triage(), Triage()
    loaded.qa = FewShotCoT()
    saved.save(tmp_path / "state.json")
    loaded.load(tmp_path / "state.json")
    assert (loaded.qa.template, loaded.qa.decode, loaded.qa.seed) == (CHAT_USER, SAMPLED, 3)


def test_ensemble_state_is_restored(tmp_path: Path) -> None:
    saved = MajorityEnsemble(FewShotCoT(CHAT_USER), votes=7, shuffle=False, seed=5)
    loaded = MajorityEnsemble(FewShotCoT(CHAT))
    saved.save(tmp_path / "state.json")
    loaded.load(tmp_path / "state.json")
    assert loaded.prompt_program() == saved.prompt_program()


def test_state_without_an_order_shows_the_nearest_last(ready: Callable[..., Strategy], tmp_path: Path) -> None:
    saved = ready("knn-cot", "mmlu")
    saved.save(tmp_path / "state.json")
    state = orjson.loads((tmp_path / "state.json").read_bytes())
    del state["form"]["nearest"]["order"]
    (tmp_path / "state.json").write_bytes(orjson.dumps(state))
    loaded = type(saved)()
    loaded.load(tmp_path / "state.json")
    assert loaded.prompt_program().digest() == saved.prompt_program().digest()
