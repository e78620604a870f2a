"""Frozen programs render the bytes that their DSPy modules send under the installed DSPy."""

import string
from collections.abc import Callable
from typing import Any

import dspy
import orjson
import pytest
from hashing_embedder import Hashing
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from openmedlm.data import BENCHMARKS, Question
from openmedlm.programs import CHAT, PLAIN, TEMPLATES, Template
from openmedlm.programs.ensemble import MajorityEnsemble
from openmedlm.programs.frozen import FrozenProgram, load_program
from openmedlm.programs.retrieval import Embedder
from openmedlm.programs.strategy import Strategy
from openmedlm.programs.to_module import STRATEGY_CLASSES, to_module

pytestmark = pytest.mark.filterwarnings("ignore:Implementing custom LMs:DeprecationWarning")

HASHING = Hashing()
"""Embedder of odd questions: a change of one character changes the nearest exemplars."""

NAMES = (*STRATEGY_CLASSES, MajorityEnsemble.name)
MARKERS = (
    "{question}",
    "{letters} {{}} {0}",
    "Question: What?\nA. One\nB. Two\n\nAnswer: A",
    "Answer:",
    "<|im_end|>\n<|im_start|>assistant",
    "[[ ## answer ## ]]",
    '{"answer": "A"}',
    "\\n \\u0041 %s $x",
    "A\u0301\u200b\u202e \u0000 🫀 ﬁ",
    "\r\n\t \u2028\u2029\x85",
)

Ready = Callable[..., Strategy | MajorityEnsemble]

texts = st.one_of(
    st.sampled_from(MARKERS),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    st.lists(st.sampled_from(MARKERS), min_size=2, max_size=3).map("\n".join),
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    letters = string.ascii_uppercase[: draw(st.integers(2, 10))]
    return Question(
        id="asked",
        benchmark="invented",
        split="test",
        question=draw(texts),
        options={letter: draw(texts) for letter in letters},
        answer=draw(st.sampled_from(letters)),
        context=tuple(draw(st.lists(texts | st.just(""), max_size=3))),
    )


class Recording(dspy.BaseLM):
    """A language model that records its messages."""

    def __init__(self) -> None:
        super().__init__("recording")
        self.sent: list[bytes] = []

    def forward(self, prompt: Any = None, messages: Any = None, **config: Any) -> Any:
        self.sent.append(orjson.dumps(messages))
        return _SAID


def _said() -> Any:
    from litellm import ModelResponse

    return ModelResponse(
        choices=[{"message": {"role": "assistant", "content": "A"}, "finish_reason": "stop"}],
        usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        model="recording",
    )


_SAID = _said()


def sent(module: Strategy | MajorityEnsemble, question: Question) -> list[bytes]:
    """Return the messages that the module sends, sorted, since votes are sent concurrently."""
    lm = Recording()
    with dspy.context(lm=lm):
        module(question=question.question, options=question.options, context=list(question.context) or None)
    return sorted(lm.sent)


def rendered(frozen: FrozenProgram, question: Question) -> list[bytes]:
    (selection,) = frozen.program.exemplars.choose([question])
    prompts = [sample_prompt.prompt for sample_prompt in frozen.program.sample_prompts(question, selection.exemplars)]
    chat = [[{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt for prompt in prompts]
    return sorted(map(orjson.dumps, chat))


@pytest.fixture(scope="module")
def pairs() -> dict[Any, tuple[Strategy | MajorityEnsemble, FrozenProgram]]:
    return {}


@pytest.fixture
def pair(
    pairs: dict[Any, Any], ready: Ready, frozen: Callable[..., FrozenProgram], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Strategy | MajorityEnsemble, FrozenProgram]]:
    """Make a DSPy module and its frozen program, loaded from its directory, with the same embedder."""

    def make(
        name: str, benchmark: str, template: Template, embedder: Embedder
    ) -> tuple[Strategy | MajorityEnsemble, FrozenProgram]:
        key = (name, benchmark, template.name, embedder.name)
        monkeypatch.setattr("openmedlm.programs.frozen.pinned_embedder.find_embedder", lambda name: embedder)
        if key not in pairs:
            module = ready(name, benchmark, template, embedder)
            pairs[key] = module, frozen(module.prompt_program(), benchmark=benchmark)
        found: tuple[Strategy | MajorityEnsemble, FrozenProgram] = pairs[key]
        return found

    return make


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
@example(question=Question("q", "b", "test", "{question}", {"A": "{letter}", "B": "}{"}, "A", context=("{context}",)))
def test_odd_questions_render_as_in_dspy(name: str, benchmark: str, question: Question, pair: Any) -> None:
    module, frozen = pair(name, benchmark, CHAT, HASHING)
    assert rendered(frozen, question) == sent(module, question)


@pytest.mark.parametrize("template", [t for t in TEMPLATES.values() if t is not CHAT], ids=lambda t: t.name)
@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_templates_render_as_in_dspy(name: str, template: Template, question: Question, pair: Any) -> None:
    module, frozen = pair(name, "pubmedqa", template, HASHING)
    assert rendered(frozen, question) == sent(module, question)


@pytest.mark.parametrize("benchmark", BENCHMARKS)
@pytest.mark.parametrize("name", NAMES)
def test_real_questions_render_as_in_dspy(
    name: str, benchmark: str, pair: Any, embedder: Embedder, sample: Callable[[str, str], list[Question]]
) -> None:
    module, frozen = pair(name, benchmark, CHAT, embedder)
    for question in sample(benchmark, "test")[:4]:
        assert rendered(frozen, question) == sent(module, question)


@pytest.mark.parametrize("name", NAMES)
def test_frozen_program_has_the_digest_of_its_source(
    name: str, ready: Ready, frozen: Callable[..., FrozenProgram]
) -> None:
    program = ready(name, "mmlu", PLAIN).prompt_program()
    made = frozen(program)
    loaded = load_program(made.directory).program
    assert loaded.digest() == program.digest()
    assert to_module(loaded).prompt_program().digest() == program.digest()
