"""DSPy adapter that renders a template.

DSPy's own adapters change their wording between releases. They also ask for field markers that small open models do not
follow. This one renders the same bytes as the frozen form of the program.
"""

from collections.abc import Mapping
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError

from openmedlm.metrics import parse_answer
from openmedlm.programs.convert import to_exemplar, to_question
from openmedlm.programs.final_answer import split_closing
from openmedlm.programs.template import Template


class TemplateAdapter(dspy.Adapter):
    """Adapter that renders `MultipleChoiceQA` through a `Template`.

    `openmedlm.metrics.parse_answer` parses the answers, so that a trace or a bootstrapped demo holds a letter and the
    reasoning before it. An unparsable completion gives the answer None, and no hidden retry in another format. A
    completion template is sent as one user message, since DSPy sends chat messages.
    """

    def __init__(self, template: Template) -> None:
        super().__init__()
        self.template = template

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
        try:
            completions = super().__call__(lm, lm_kwargs, signature, demos, inputs)
        except AdapterParseError:  # an empty completion
            completions = [dict.fromkeys(signature.output_fields, "")]
        return [_parsed(fields, inputs["options"]) for fields in completions]

    async def acall(
        self,
        lm: dspy.BaseLM,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        try:
            completions = await super().acall(lm, lm_kwargs, signature, demos, inputs)
        except AdapterParseError:
            completions = [dict.fromkeys(signature.output_fields, "")]
        return [_parsed(fields, inputs["options"]) for fields in completions]


def _parsed(fields: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """Replace the whole completion in each field by the letter or the reasoning."""
    completion = fields["answer"]
    fields["answer"] = parse_answer(completion, options).letter
    if "reasoning" in fields:
        fields["reasoning"] = split_closing(completion, options)[0]
    return fields
