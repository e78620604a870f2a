"""DSPy adapter that renders a template.

DSPy's own adapters change their wording between releases. They also ask for field markers that small open models do not
follow. This one renders the same bytes as the frozen form of the program.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from openmedlm.metrics import parse_answer, split_thoughts
from openmedlm.programs.convert import to_exemplar, to_question
from openmedlm.programs.final_answer import split_closing, visible_reasoning
from openmedlm.programs.template import Template

_REQUEST_ARGUMENTS = ("max_tokens", "temperature", "top_p", "stop", "extra_body")
"""Arguments of a call that `lm_config` sets."""


class TemplateAdapter(dspy.Adapter):
    """Adapter that renders `MultipleChoiceQA` through a `Template`.

    `openmedlm.metrics.parse_answer` parses the answers, so that a trace or a bootstrapped demo holds a letter and the
    reasoning before it. An unparsable completion gives the answer None, and no hidden retry in another format. A
    completion template is sent as one user message, since DSPy sends chat messages.

    Args:
        template: Renders the prompts.
        for_thinking: Arguments of a call that leaves tokens for thoughts. A completion that is empty, or that is cut
            off inside its thoughts, is requested once more with them; None requests none again.
    """

    def __init__(self, template: Template, for_thinking: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.template = template
        self.for_thinking = for_thinking

    def format(
        self, signature: type[dspy.Signature], demos: list[dict[str, Any]], inputs: dict[str, Any]
    ) -> list[dict[str, Any]]:
        prompt = self.template.render(
            signature.instructions,
            [to_exemplar(demo) for demo in demos],
            to_question(inputs),
            reasoning="reasoning" in signature.output_fields,
        )
        if isinstance(prompt, str):
            return [{"role": "user", "content": prompt}]
        return [dict(message) for message in prompt]

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        return dict.fromkeys(signature.output_fields, completion)

    def __call__(
        self,
        lm: dspy.BaseLM,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        completions: list[dict[str, Any]] = []
        for arguments in self._attempts(lm_kwargs):
            try:
                completions = super().__call__(lm, arguments, signature, demos, inputs)
            except AdapterParseError:  # an empty completion
                completions = [dict.fromkeys(signature.output_fields, "")]
            if not any(_lacks_tokens(fields["answer"]) for fields in completions):
                break
        return [_parsed(fields, inputs["options"]) for fields in completions]

    async def acall(
        self,
        lm: dspy.BaseLM,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        completions: list[dict[str, Any]] = []
        for arguments in self._attempts(lm_kwargs):
            try:
                completions = await super().acall(lm, arguments, signature, demos, inputs)
            except AdapterParseError:
                completions = [dict.fromkeys(signature.output_fields, "")]
            if not any(_lacks_tokens(fields["answer"]) for fields in completions):
                break
        return [_parsed(fields, inputs["options"]) for fields in completions]

    def _attempts(self, lm_kwargs: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the arguments of the call, then those that leave tokens for thoughts."""
        yield lm_kwargs
        if self.for_thinking is not None:
            kept = {name: value for name, value in lm_kwargs.items() if name not in _REQUEST_ARGUMENTS}
            yield {**kept, **self.for_thinking}


def _lacks_tokens(completion: str) -> bool:
    """Return whether a completion is empty or ends inside its thoughts."""
    return not completion.strip() or not split_thoughts(completion).closed


def _parsed(fields: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """Replace the whole completion in each field by the letter or the reasoning."""
    completion = fields["answer"]
    fields["answer"] = parse_answer(completion, options).letter
    if "reasoning" in fields:
        fields["reasoning"] = split_closing(visible_reasoning(completion), options)[0]
    return fields
