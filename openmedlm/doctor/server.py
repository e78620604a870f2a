"""Server under examination: its requests, and what earlier checks found."""

from dataclasses import dataclass, field, replace
from typing import Any

from openmedlm.doctor.probe import Probe
from openmedlm.doctor.prompts import Prompts
from openmedlm.doctor.reply import Reply
from openmedlm.inference.clients.model_list import ModelList
from openmedlm.inference.endpoint import Constraint, Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.request import Request
from openmedlm.inference.request_body import request_body
from openmedlm.programs import TEMPLATES, Prompt, SamplingParams, Template
from openmedlm.programs.sampling_params import Thinking

SHORT_TOKENS = 64
"""Token limit of a request that does not wait for thoughts."""

LONG_TOKENS = 2048
"""Token limit of a request that waits for the end of thoughts."""

_NO_REPLY = Reply(failure=EndpointError("not requested"))

_NO_MODELS = ModelList()


@dataclass
class Known:
    """Results of checks that later checks use.

    Attributes:
        models: Listed models.
        first: Response to the first question.
        chat: Response to the first chat request, if the first question was repeated as text.
        thoughts: Response that has thoughts, or the longest one without them.
        thinks: Whether the model thinks.
        quiet: Thinking that later requests ask for: `off` if that turns it off.
        greedy: Response to the request for a few sentences at temperature 0.
        long: First response to the long prompt.
        hot: Responses to that request at a high temperature, with different seeds.
    """

    models: ModelList = _NO_MODELS
    first: Reply = _NO_REPLY
    chat: Reply = _NO_REPLY
    thoughts: Reply = _NO_REPLY
    thinks: bool = False
    quiet: Thinking = "default"
    greedy: Reply = _NO_REPLY
    long: Reply = _NO_REPLY
    hot: list[Reply] = field(default_factory=list)


class Server:
    """Server of a model, and the state of its examination.

    Args:
        endpoint: Endpoint from `connect`.
        probe: Sends the requests.
        template: Template of the prompts; None finds it.
        nonce: Text that no earlier prompt to the server held.

    Attributes:
        endpoint: Endpoint, with the request fields that were found to work.
        template: Template of the prompts, as far as it is found.
        fixed_template: Whether the user chose the template.
        omit: Request fields that the server refuses.
        known: Results of earlier checks.
    """

    def __init__(self, endpoint: Endpoint, probe: Probe, template: Template | None, nonce: str) -> None:
        self.endpoint = endpoint
        self.probe = probe
        self.template = template or TEMPLATES["chat-user" if endpoint.chat else "plain"]
        self.fixed_template = template is not None
        self.nonce = nonce
        self.omit: tuple[str, ...] = ()
        self.known = Known()

    @property
    def prompts(self) -> Prompts:
        """Prompts under the template."""
        return Prompts(self.template)

    @property
    def chat(self) -> bool:
        """True if the prompts are chat messages."""
        return self.template.kind == "chat"

    async def ask(
        self,
        prompt: Prompt,
        *,
        max_tokens: int = SHORT_TOKENS,
        temperature: float = 0.0,
        seed: int | None = None,
        count: int = 1,
        thinking: Thinking | None = None,
        choices: tuple[str, ...] = (),
        constraint: Constraint | None = None,
        continued: bool = False,
        omit: tuple[str, ...] = (),
        **fields: Any,
    ) -> Reply:
        """Send one request, built as the engine builds it.

        Args:
            prompt: Chat messages or text.
            max_tokens, temperature, seed: Sampling parameters.
            count: Number of completions; not sent if it is 1.
            thinking: Thinking to request; None is the quiet one.
            choices: Texts that the answer is constrained to.
            constraint: Form of the constraint; None is that of the endpoint.
            continued: Whether the last message is the start of the answer.
            omit: Further request fields that are not sent.
            **fields: Further fields of the request body.
        """
        decode = SamplingParams(
            max_tokens=max_tokens,
            temperature=temperature,
            thinking=self.known.quiet if thinking is None else thinking,
            extra_body=fields,
            omit_params=(*self.omit, *omit),
        )
        request = Request(prompt, decode, seed=seed, choices=choices, continued=continued)
        endpoint = replace(self.endpoint, constraint=constraint or self.endpoint.constraint)
        reply = await self.probe.send(request_body(request, endpoint, count))
        return replace(reply, limit=max_tokens)
