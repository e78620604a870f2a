"""Base class of the strategies: one predictor, one template, and its DSPy and DSPy-free forms."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import dspy
from dspy.predict.parameter import Parameter

from openmedlm.programs.adapter import TemplateAdapter
from openmedlm.programs.convert import to_demo, to_exemplar, to_question
from openmedlm.programs.exemplar import Exemplar
from openmedlm.programs.prompt_program import ExemplarSource, FixedExemplars, PromptProgram
from openmedlm.programs.registry import SingleStrategy, derive_strategy_name
from openmedlm.programs.sampling_params import DIRECT_TOKENS, REASONING_TOKENS, SamplingParams
from openmedlm.programs.signature import MultipleChoiceQA
from openmedlm.programs.state import PromptState, with_stored_names
from openmedlm.programs.template import CHAT, Template
from openmedlm.programs.thinking_fields import thinking_fields


class Strategy(dspy.Module):
    """A prompting strategy: a DSPy module over `MultipleChoiceQA` that gives one answer.

    Call it as a DSPy module, `program(question=…, options=…, context=…)`, under any configured `dspy.LM`.
    `prompt_program()` returns the DSPy-free form, which sends the same messages.

    Args:
        template: Template that renders the prompts.
        decode: Sampling parameters; greedy by default, with the token limit of the answer style.
        seed: Seed from which sampling seeds are derived.

    Raises:
        TypeError: The template is none, such as a signature, which `dspy.Predict` takes.
    """

    strategy_name: ClassVar[SingleStrategy]
    """Name in the registry: the strategy that this class declares, once compiled."""

    predictor_class: ClassVar[type[dspy.Module]]
    """`dspy.Predict` for a direct answer, `dspy.ChainOfThought` for reasoning before it."""

    def __init__(self, template: Template = CHAT, decode: SamplingParams | None = None, seed: int = 0) -> None:
        super().__init__()
        if not isinstance(template, Template):
            raise TypeError(
                f"not a template in {type(self).__name__}: {template!r}. Pass one of openmedlm.programs.TEMPLATES; the "
                "signature is always MultipleChoiceQA."
            )
        self.predict = self.predictor_class(MultipleChoiceQA)
        self.prompt_state = PromptState(template, decode or default_sampling_params(template, self.reasoning), seed)

    @property
    def name(self) -> SingleStrategy:
        """Name of the strategy that the prompts show, such as `few-shot` for any direct one with fixed exemplars."""
        return derive_strategy_name(reasoning=self.reasoning, exemplars="fixed" if self.predictor.demos else "none")

    @property
    def template(self) -> Template:
        """Template that renders the prompts."""
        return self.prompt_state.template

    @property
    def adapter(self) -> TemplateAdapter:
        """DSPy adapter that renders the template."""
        decode = self.decode
        longer = decode.for_thinking()
        return TemplateAdapter(self.template, lm_config(longer) if longer.max_tokens > decode.max_tokens else None)

    @property
    def decode(self) -> SamplingParams:
        """Sampling parameters of a completion."""
        return self.prompt_state.decode

    @decode.setter
    def decode(self, decode: SamplingParams) -> None:
        self.prompt_state.decode = decode

    @property
    def seed(self) -> int:
        """Seed from which sampling seeds are derived."""
        return self.prompt_state.seed

    @property
    def predictor(self) -> dspy.Predict:
        """The only predictor of the module."""
        (predictor,) = self.predictors()
        return predictor

    @property
    def reasoning(self) -> bool:
        """True if the model reasons before it answers."""
        return "reasoning" in self.predictor.signature.output_fields

    @property
    def exemplars(self) -> ExemplarSource:
        """Source of each question's exemplars: the predictor's demos, unless the strategy retrieves."""
        return FixedExemplars(tuple(to_exemplar(demo) for demo in self.predictor.demos))

    def show(self, exemplars: Sequence[Exemplar]) -> None:
        """Set the exemplars that every prompt shows."""
        self.predictor.demos = [to_demo(exemplar) for exemplar in exemplars]

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """Return DSPy's named parameters, under the names that saved states use."""
        return with_stored_names(super().named_parameters())

    def forward(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """Answer one question.

        Args:
            question: Stem of the question.
            options: Letter to option text, `A` first.
            context: Paragraphs to read before the question.
            config: Parameters of this LM call; they override the program's own.

        Returns:
            `answer`: a letter, or None if the completion names none. `reasoning`: present if the strategy reasons.

        Raises:
            TypeError: options is not a mapping of letters to texts.
        """
        call = self._call_arguments(question, options, context, config)
        with dspy.context(adapter=self.adapter):
            return self.predict(**call)

    async def aforward(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dspy.Prediction:
        """Answer one question; the async form of `forward`, for `await program.acall(…)`."""
        call = self._call_arguments(question, options, context, config)
        with dspy.context(adapter=self.adapter):
            return await self.predict.acall(**call)

    def _call_arguments(
        self,
        question: str,
        options: Mapping[str, str],
        context: Sequence[str] | str | None,
        config: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Return the arguments of the predictor's call."""
        target = to_question({"question": question, "options": options, "context": context})
        (retrieved,) = self.exemplars.choose([target])
        sampled = {} if self.decode.greedy else {"seed": self.prompt_program().sampling_seed(target, sample=0)}
        return {
            "question": question,
            "options": dict(options),
            "context": context,
            "demos": [to_demo(exemplar) for exemplar in retrieved.exemplars],
            "config": {**lm_config(self.decode), **sampled, **(config or {})},
        }

    def prompt_program(self) -> PromptProgram:
        """Return the DSPy-free form, which renders the same prompts."""
        return PromptProgram(
            strategy=self.name,
            instructions=self.predictor.signature.instructions,
            template=self.template,
            reasoning=self.reasoning,
            decode=self.decode,
            exemplars=self.exemplars,
            seed=self.seed,
        )


def default_sampling_params(template: Template, reasoning: bool) -> SamplingParams:
    """Return greedy parameters with the template's stop texts and the token limit of the answer style."""
    tokens = REASONING_TOKENS if reasoning else DIRECT_TOKENS
    return SamplingParams(max_tokens=tokens, stop=template.style(reasoning).stop)


def lm_config(decode: SamplingParams) -> dict[str, Any]:
    """Return the sampling parameters as keyword arguments of a `dspy.LM` call, without the unset ones."""
    by_program = decode.sampling != "model"
    # Fields that are not OpenAI parameters go into `extra_body`: DSPy and litellm would drop them elsewhere.
    extra = {"top_k": decode.top_k if by_program else None, **thinking_fields(decode.thinking, "chat_template")}
    config = {
        "max_tokens": decode.max_tokens,
        "temperature": decode.temperature if by_program else None,
        "top_p": decode.top_p if by_program else None,
        "stop": list(decode.stop),
        "extra_body": {name: value for name, value in (extra | dict(decode.extra_body)).items() if value is not None},
    }
    return {name: value for name, value in config.items() if value not in (None, [], {})}
