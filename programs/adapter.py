"""The DSPy adapter that renders a template.

DSPy's own adapters change their wording between releases and ask the model for field markers that small open models
do not keep to; this one renders what the frozen form of the program renders, byte for byte.
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
    """Renders `MultipleChoiceQA` through a `Template`.

    Answers are read by `openmedlm.metrics.parse_answer`, so that a trace or a bootstrapped demo holds a letter and the
    reasoning before it. A completion that can't be read gives the answer None; it is never sent again in another format
    behind the caller's back. A completion template is sent as one user message, since DSPy speaks chat.
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
            written = super().__call__(lm, lm_kwargs, signature, demos, inputs)
        except AdapterParseError:  # an empty completion
            written = [dict.fromkeys(signature.output_fields, "")]
        return [_read(fields, inputs["options"]) for fields in written]

    async def acall(
        self,
        lm: dspy.BaseLM,
        lm_kwargs: dict[str, Any],
        signature: type[dspy.Signature],
        demos: list[dict[str, Any]],
        inputs: dict[str, Any],
    ) -> list[dict[str, Any]]:
        try:
            written = await super().acall(lm, lm_kwargs, signature, demos, inputs)
        except AdapterParseError:
            written = [dict.fromkeys(signature.output_fields, "")]
        return [_read(fields, inputs["options"]) for fields in written]


def _read(fields: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """The fields, each holding the whole completion, with the letter and the reasoning in their places."""
    completion = fields["answer"]
    fields["answer"] = parse_answer(completion, options).letter
    if "reasoning" in fields:
        fields["reasoning"] = split_closing(completion, options)[0]
    return fields
