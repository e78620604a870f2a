"""What the strategies share: a declared predictor, a template, and two ways to run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import dspy

from openmedlm.programs.adapter import TemplateAdapter
from openmedlm.programs.convert import to_demo, to_exemplar, to_question
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram
from openmedlm.programs.sampling_params import DIRECT_TOKENS, REASONING_TOKENS, SamplingParams
from openmedlm.programs.signature import MultipleChoiceQA
from openmedlm.programs.state import PromptState
from openmedlm.programs.template import CHAT, Template


class Strategy(dspy.Module):
    """A way of prompting, declared as a DSPy module over `MultipleChoiceQA`.

    It runs in plain DSPy, `program(question=…, options=…, context=…)`, under whatever `dspy.LM` is configured; and
    `prompt_program()` gives the form that the engine runs, which sends the same messages.

    Args:
        template: how prompts are put together.
        decode: how completions are sampled; greedy by default, with room for an answer of the strategy's style.
        seed: from which sampling seeds are derived.
    """

    name: ClassVar[str]
    module: ClassVar[type[dspy.Module]]
    """`dspy.Predict` for a direct answer, `dspy.ChainOfThought` for reasoning before it."""

    def __init__(self, template: Template = CHAT, decode: SamplingParams | None = None, seed: int = 0) -> None:
        super().__init__()
        self.predict = self.module(MultipleChoiceQA)
        self.form = PromptState(template, decode or default_sampling_params(template, self.reasoning), seed)

    @property
    def adapter(self) -> TemplateAdapter:
        """The DSPy adapter that renders the template."""
        return TemplateAdapter(self.form.template)

    @property
    def decode(self) -> SamplingParams:
        """How completions are sampled."""
        return self.form.decode

    @decode.setter
    def decode(self, decode: SamplingParams) -> None:
        self.form.decode = decode

    @property
    def seed(self) -> int:
        """From which sampling seeds are derived."""
        return self.form.seed

    @property
    def predictor(self) -> dspy.Predict:
        (predictor,) = self.predictors()
        return predictor

    @property
    def reasoning(self) -> bool:
        """Whether the model reasons before it answers."""
        return "reasoning" in self.predictor.signature.output_fields

    @property
    def exemplars(self) -> ExemplarSource:
        """What chooses the exemplars of a question; the predictor's demos unless the strategy retrieves."""
        return FixedExemplars(tuple(to_exemplar(demo) for demo in self.predictor.demos))

    def show(self, exemplars: Sequence[Exemplar]) -> None:
        """Sets the exemplars that every question sees."""
        self.predictor.demos = [to_demo(exemplar) for exemplar in exemplars]

    def forward(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """Answers one question.

        Args:
            question: the stem.
            options: letter to text, `A` first.
            context: paragraphs to read before the question.
            config: parameters of this one LM call, over the program's own.

        Returns:
            `answer`: a letter, or None where the completion names none; `reasoning`, where the strategy reasons.
        """
        call = self._call(question, options, context, config)
        with dspy.context(adapter=self.adapter):
            return self.predict(**call)

    async def aforward(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """The same as `forward`, for `await program.acall(…)`."""
        call = self._call(question, options, context, config)
        with dspy.context(adapter=self.adapter):
            return await self.predict.acall(**call)

    def _call(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None,
        config: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """What the predictor is called with."""
        fields = {"question": question, "options": dict(options), "context": context}
        asked = to_question(fields)
        (selection,) = self.exemplars.choose([asked])
        sampled = {} if self.decode.greedy else {"seed": self.prompt_program().sampling_seed(asked, sample=0)}
        return {
            **fields,
            "demos": [to_demo(exemplar) for exemplar in selection.exemplars],
            "config": {**lm_config(self.decode), **sampled, **(config or {})},
        }

    def prompt_program(self) -> PromptProgram:
        """The form that runs without DSPy and renders what this module renders."""
        return PromptProgram(
            strategy=self.name,
            instructions=self.predictor.signature.instructions,
            template=self.form.template,
            reasoning=self.reasoning,
            decode=self.decode,
            exemplars=self.exemplars,
            seed=self.seed,
        )


def default_sampling_params(template: Template, reasoning: bool) -> SamplingParams:
    """Greedy, with the template's stops and room for an answer of the style."""
    tokens = REASONING_TOKENS if reasoning else DIRECT_TOKENS
    return SamplingParams(max_tokens=tokens, stop=template.style(reasoning).stop)


def lm_config(decode: SamplingParams) -> dict[str, Any]:
    """Decode parameters as keyword arguments of a `dspy.LM` call; those left to the endpoint are left out."""
    config = asdict(decode) | {"stop": list(decode.stop)}
    # No parameter of OpenAI's, top_k goes into the body past DSPy and litellm, which would drop it.
    top_k = config.pop("top_k")
    config["extra_body"] = {"top_k": top_k} if top_k is not None else None
    return {name: value for name, value in config.items() if value not in (None, [])}
