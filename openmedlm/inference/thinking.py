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
from openmedlm.inference.thought_signs import Sign, changes_letter, find_sign, is_reasoning_only, may_be_thoughts
from openmedlm.metrics import CUT_OFF, Vote
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.sampling_params import THINKING_TOKENS

FIRST_QUESTIONS = 2
"""Questions whose votes show whether a model thinks; no more than an engine always answers at once."""

DETECTION_TOKENS = (2048, THINKING_TOKENS)
"""Tokens of further completions that look for a closing mark, if a first vote was cut off without any mark."""

Get = Callable[[str, Request], Awaitable[Completion]]


class FirstVotes(NamedTuple):
    """Votes on one of the first questions, and the prompts of all its samples."""

    question: Question
    sample_prompts: Sequence[SamplePrompt]
    votes: Sequence[Vote]


class Verdict(NamedTuple):
    """Decision about a model.

    Attributes:
        thinks: Whether it thinks.
        opened: Whether its chat template opens the thoughts, as far as can be seen.
    """

    thinks: bool
    opened: bool

    def adapt(self, program: PromptProgram) -> PromptProgram:
        """Return the program for the model."""
        if not any(self):
            return program
        decode = program.decode.for_thinking() if self.thinks else program.decode
        return replace(program, decode=replace(decode, thoughts_opened=self.opened or decode.thoughts_opened))


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
        self._verdicts: dict[tuple[str, ...], Verdict] = {}

    def known(self, program: PromptProgram) -> Verdict | None:
        """Return the decision for requests like those of the program; None if the first votes have to show it."""
        if not self._endpoint.may_think:
            return Verdict(thinks=False, opened=False)
        return self._verdicts.get(_request_kind(program))

    async def decide(self, program: PromptProgram, first: Sequence[FirstVotes]) -> Verdict:
        """Decide from the votes on the first questions whether the model thinks, and keep the decision."""
        answered = [each for each in first if each.votes and each.votes[0].error is None]
        found = [find_sign(each.votes[0], program.decode.thought_marks) for each in answered]
        signs = [sign for sign in found if sign is not None]
        endless = False
        if not signs:
            signs, endless = await self._look_longer(program, answered)
        thinks = bool(signs) or program.decode.asks_for_thinking
        no_limit = program.decode.thinking_tokens != 0
        verdict = Verdict(thinks, (endless and no_limit) or any(sign.opened for sign in signs))
        if answered:
            self._verdicts[_request_kind(program)] = verdict
            votes = [each.votes[0] for each in answered]
            self._notify(program, votes, [sign.mark for sign in signs], endless=endless)
        return verdict

    async def _look_longer(self, program: PromptProgram, first: Sequence[FirstVotes]) -> tuple[list[Sign], bool]:
        """Look for a sign of thoughts in longer completions of votes that may be the start of some.

        Returns:
            The sign, if there is one; and whether no completion ended.
        """
        endless = ended = False
        for tokens, longer in zip(DETECTION_TOKENS, detection_programs(program), strict=True):
            for question, sample_prompts, votes in first:
                if not may_be_thoughts(program, votes[0]):
                    continue
                request = build_request(longer, question, sample_prompts[0])
                try:
                    completion = await self._get(request.key(self._endpoint.identity), request)
                except EndpointError:
                    continue
                sign = find_sign(completion, program.decode.thought_marks)
                if sign is not None:
                    return [sign], False
                if completion.finish_reason != CUT_OFF:
                    if changes_letter(longer, sample_prompts[0], completion, len(votes[0].text)):
                        return [Sign(f"another letter after {program.decode.max_tokens} tokens", opened=True)], False
                    ended = True
                    continue
                endless |= votes[0].finish_reason == CUT_OFF
                if tokens == DETECTION_TOKENS[-1]:
                    break
            if ended:
                return [], False
        return [], endless

    def _notify(self, program: PromptProgram, votes: Sequence[Vote], marks: Sequence[str], *, endless: bool) -> None:
        model, decode = self._endpoint.model, program.decode
        shown, count = ", ".join(dict.fromkeys(marks)), len(votes)
        if not marks and any(is_reasoning_only(vote) for vote in votes):
            self._notices.add(
                f"the server of {model} reports whole answers as thoughts; they are parsed from there. Its reasoning "
                "parser is on for a model that does not think. Turn the parser off."
            )
        another_field = "Its server may need another field: pass it with --extra-body."
        if decode.asks_for_thinking:
            if not marks:
                self._notices.add(
                    f"{model} shows no thoughts after --thinking {decode.thinking}, in {count} first votes. "
                    f"{another_field}"
                )
            return
        if endless:
            rule = (
                "so a letter in one that is cut off does not count unless it comes first. Set a limit with "
                "--max-tokens to count it."
                if decode.thinking_tokens != 0
                else f"but a letter in one that --max-tokens {decode.max_tokens} cuts off counts. Leave --max-tokens "
                "out not to count it."
            )
            limit = DETECTION_TOKENS[-1]
            self._notices.add(
                f"{model} does not end its completions within {limit:,} tokens. They may be thoughts, {rule}"
            )
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
        extra = THINKING_TOKENS if decode.thinking_tokens is None else decode.thinking_tokens
        sampling = "" if decode.sampling == "program" else ", and its server's generation config decides the sampling"
        self._notices.add(
            f"{model} thinks ({shown}): a completion may take {extra:,} tokens more{sampling}. Change this with "
            "--thinking, --thinking-tokens or --sampling."
        )


class Decision:
    """Program of one run, adapted to the model once the first votes show whether it thinks.

    Questions that are answered before the decision are sampled with the program as it is.

    Args:
        detector: Decides.
        program: Program of the run.
        first: Number of first questions whose votes are needed.
        verdict: The decision; None if it has to be found out.

    Attributes:
        program: Program as far as it is decided.
    """

    def __init__(self, detector: ThinkingDetector, program: PromptProgram, first: int, verdict: Verdict | None) -> None:
        self._detector = detector
        self._original = program
        self._first = first
        self._votes: dict[int, FirstVotes] = {}
        self._decided = asyncio.Event()
        verdict = verdict or detector.known(program)
        if verdict is not None or not first:
            self._decided.set()
        asked_for = Verdict(thinks=program.decode.asks_for_thinking, opened=False)
        self.program = (verdict or asked_for).adapt(program)

    async def add(self, position: int, votes: FirstVotes) -> None:
        """Add the votes on a question; the last of the first questions decides."""
        if self._decided.is_set() or position >= self._first:
            return
        self._votes[position] = votes
        if len(self._votes) == self._first:
            verdict = await self._detector.decide(self._original, [self._votes[n] for n in range(self._first)])
            adapted = verdict.adapt(self._original)
            if adapted.decode != self.program.decode:
                self.program = adapted
            self._decided.set()

    def give_up(self) -> None:
        """Go on without a decision, since a first question will have no votes."""
        self._decided.set()

    async def wait(self) -> PromptProgram:
        """Return the program once it is decided."""
        await self._decided.wait()
        return self.program


def detection_programs(program: PromptProgram) -> list[PromptProgram]:
    """Return the program with tokens for thoughts, the smaller number first, as the detection requests it."""
    decodes = [replace(program.decode, thinking_tokens=tokens).for_thinking() for tokens in DETECTION_TOKENS]
    return [replace(program, decode=decode) for decode in decodes]


def _request_kind(program: PromptProgram) -> tuple[str, ...]:
    """Return what decides whether a model thinks, besides the model."""
    decode = program.decode
    extra = orjson.dumps(decode.extra_body, option=orjson.OPT_SORT_KEYS).decode()
    return (program.template.kind, decode.thinking, extra, *decode.omit_params, *decode.thought_marks)
