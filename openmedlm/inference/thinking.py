"""Detection of a model that thinks, from the first votes of a run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from openmedlm.data import Question
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.errors import EndpointError
from openmedlm.inference.notices import Notices
from openmedlm.inference.request import Completion, Request
from openmedlm.inference.sampling import build_request
from openmedlm.metrics import CUT_OFF, Vote, split_thoughts
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.sampling_params import THINKING_TOKENS

FIRST_QUESTIONS = 2
"""Questions whose votes show whether a model thinks; no more than an engine always answers at once."""

DETECTION_TOKENS = 2048
"""Tokens of a further completion that looks for a closing mark, if a first vote was cut off without any mark."""

Get = Callable[[str, Request], Awaitable[Completion]]


class FirstVotes(NamedTuple):
    """Votes on one of the first questions, and the prompts of all its samples."""

    question: Question
    sample_prompts: Sequence[SamplePrompt]
    votes: Sequence[Vote]


class ThinkingDetector:
    """Decides whether a model thinks, once per kind of request.

    A first vote without a mark of thoughts may still be the start of some: many chat templates open them, so that only
    the closing mark is in the completion. If such a vote was cut off, a longer completion is requested.

    Args:
        endpoint: Endpoint of the model.
        get: Source of completions.
        notices: Receives one line if the model thinks, or does not do what was asked for.
    """

    def __init__(self, endpoint: Endpoint, get: Get, notices: Notices) -> None:
        self._endpoint = endpoint
        self._get = get
        self._notices = notices
        self._decisions: dict[tuple[str, ...], bool] = {}

    def known(self, program: PromptProgram) -> bool | None:
        """Return the decision for requests like those of the program; None if the first votes have to show it."""
        return self._decisions.get(_request_kind(program)) if self._endpoint.may_think else False

    async def decide(self, program: PromptProgram, first: Sequence[FirstVotes]) -> bool:
        """Decide from the votes on the first questions whether the model thinks, and keep the decision."""
        votes = [each.votes[0] for each in first if each.votes and each.votes[0].error is None]
        marks = [mark for vote in votes if (mark := thought_mark(vote, program.decode.thought_marks)) is not None]
        if not marks and program.decode.thinking_tokens != 0:
            mark = await self._look_longer(program, first)
            marks = [mark] if mark is not None else []
        thinks = bool(marks) or program.decode.asks_for_thinking
        if votes:
            self._decisions[_request_kind(program)] = thinks
            self._notify(program, votes, marks)
        return thinks

    async def _look_longer(self, program: PromptProgram, first: Sequence[FirstVotes]) -> str | None:
        """Return the mark in a longer completion of a vote that was cut off; None if there is none."""
        longer = with_detection_room(program)
        for question, sample_prompts, votes in first:
            if not votes or votes[0].error is not None or not _may_be_thoughts(program, votes[0]):
                continue
            request = build_request(longer, question, sample_prompts[0])
            try:
                completion = await self._get(request.key(self._endpoint.identity), request)
            except EndpointError:
                continue
            mark = thought_mark(completion, program.decode.thought_marks)
            if mark is not None or completion.finish_reason != CUT_OFF:
                return mark
        return None

    def _notify(self, program: PromptProgram, votes: Sequence[Vote], marks: Sequence[str]) -> None:
        model, decode = self._endpoint.model, program.decode
        shown, count = ", ".join(dict.fromkeys(marks)), len(votes)
        another_field = "Its server may need another field: pass it with --extra-body."
        if decode.asks_for_thinking:
            if not marks:
                self._notices.add(
                    f"{model} shows no thoughts after --thinking {decode.thinking}, in {count} first votes. "
                    f"{another_field}"
                )
            return
        if not marks:
            return
        if decode.thinking == "off":
            self._notices.add(
                f"{model} still thinks after --thinking off: {shown} in {len(marks)} of {count} first votes. "
                f"{another_field}"
            )
        cut = sum(vote.finish_reason == CUT_OFF for vote in votes)
        if decode.thinking_tokens == 0:
            if cut:
                self._notices.add(
                    f"{model} thinks ({shown}), and --max-tokens {decode.max_tokens} cuts off {cut} of {count} first "
                    "votes. Leave --max-tokens out, or add --thinking-tokens."
                )
            return
        room = THINKING_TOKENS if decode.thinking_tokens is None else decode.thinking_tokens
        sampling = "" if decode.sampling == "program" else ", and its server's generation config decides the sampling"
        self._notices.add(
            f"{model} thinks ({shown}): a completion may take {room:,} tokens more{sampling}. Change this with "
            "--thinking, --thinking-tokens or --sampling."
        )


class Decision:
    """Program of one run, which becomes the one for a model that thinks once the first votes show thoughts.

    Questions that are answered before the decision are sampled with the program as it is.

    Args:
        detector: Decides.
        program: Program of the run.
        first: Number of first questions whose votes are needed.
        thinks: Whether the model thinks; None if it has to be found out.

    Attributes:
        program: Program as far as it is decided.
    """

    def __init__(self, detector: ThinkingDetector, program: PromptProgram, first: int, thinks: bool | None) -> None:
        self._detector = detector
        self._first = first
        self._votes: dict[int, FirstVotes] = {}
        self._decided = asyncio.Event()
        self._adapted = replace(program, decode=program.decode.for_thinking())
        thinks = detector.known(program) if thinks is None else thinks
        self.program = self._adapted if thinks or program.decode.asks_for_thinking else program
        self._original = program
        if thinks is not None or not first:
            self._decided.set()

    async def add(self, position: int, votes: FirstVotes) -> None:
        """Add the votes on a question; the last of the first questions decides."""
        if self._decided.is_set() or position >= self._first:
            return
        self._votes[position] = votes
        if len(self._votes) == self._first:
            if await self._detector.decide(self._original, [self._votes[n] for n in range(self._first)]):
                self.program = self._adapted
            self._decided.set()

    def give_up(self) -> None:
        """Go on without a decision, since a first question will have no votes."""
        self._decided.set()

    async def wait(self) -> PromptProgram:
        """Return the program once it is decided."""
        await self._decided.wait()
        return self.program


def with_detection_room(program: PromptProgram) -> PromptProgram:
    """Return the program with room for the thoughts that show a closing mark."""
    return replace(program, decode=replace(program.decode, thinking_tokens=DETECTION_TOKENS).for_thinking())


def thought_mark(completion: Completion | Vote, thought_marks: Sequence[str] = ()) -> str | None:
    """Return the mark of a completion's thoughts, or how else they are reported; None if it has none."""
    if completion.reasoning.strip():
        return "a separate field"
    if completion.reasoning_tokens:
        return "reasoning_tokens"  # the provider hides the thoughts
    return split_thoughts(completion.text, thought_marks).mark


def _may_be_thoughts(program: PromptProgram, vote: Vote) -> bool:
    """Return whether a vote without a mark may hold the start of thoughts: it was cut off, maybe by a stop text."""
    stopped = vote.letter is None and bool(program.decode.stop)
    return vote.finish_reason == CUT_OFF or stopped


def _request_kind(program: PromptProgram) -> tuple[str, ...]:
    """Return what decides whether a model thinks, besides the model."""
    decode = program.decode
    extra = orjson.dumps(decode.extra_body, option=orjson.OPT_SORT_KEYS).decode()
    return (program.template.kind, decode.thinking, extra, *decode.omit_params, *decode.thought_marks)
