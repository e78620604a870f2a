"""Engine that runs prompt programs over questions."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from openmedlm.data import Question
from openmedlm.inference.budget import Budget, BudgetExceeded
from openmedlm.inference.cache import CompletionCache
from openmedlm.inference.caching_client import CachingClient
from openmedlm.inference.clients.base import Client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.event_loop import task_group
from openmedlm.inference.notices import Notices
from openmedlm.inference.outcome_buffer import OutcomeBuffer
from openmedlm.inference.policy import Policy
from openmedlm.inference.prefetch import ExemplarPrefetcher
from openmedlm.inference.request import Completion
from openmedlm.inference.sampling import PendingRequest, first_vote, pending_requests, sample_vote
from openmedlm.inference.thinking import FIRST_QUESTIONS, Decision, FirstVotes, ThinkingDetector, Verdict
from openmedlm.metrics import Outcome, Vote, decided, majority
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.retrieved import RetrievedExemplars

TASKS_PER_REQUEST = 2
"""Questions in progress per request in flight: while one completion is written to disk, another request is sent."""


class _Sampled(NamedTuple):
    """Votes of one question, the prompts of all its samples, and the majority of the votes."""

    votes: list[Vote]
    sample_prompts: list[SamplePrompt]
    answer: str | None


class Engine:
    """Answers questions with prompt programs at one endpoint, through one completion cache.

    Args:
        client, endpoint: Source of completions.
        cache: Receives each completion before it is used.
        policy: Rules for the calls.
        budget: Limits of the calls; None for no limit.
        notices: Receives notices about the model; None drops them.
    """

    def __init__(
        self,
        client: Client,
        endpoint: Endpoint,
        cache: CompletionCache,
        policy: Policy,
        budget: Budget | None = None,
        notices: Notices | None = None,
    ) -> None:
        notices = notices or Notices()
        self._client = CachingClient(client, endpoint, cache, policy.concurrency, policy.max_retries, budget, notices)
        self._thinking = ThinkingDetector(endpoint, self._client.get, notices)
        self._policy = policy
        self._folder = cache.folder

    @property
    def api_calls(self) -> int:
        """Completions requested from the endpoint so far; the others were cached."""
        return self._client.api_calls

    @property
    def transient_failures(self) -> int:
        """Requests given up so far that may succeed later: the endpoint was silent or overloaded for too long."""
        return self._client.transient_failures

    async def run(
        self,
        program: PromptProgram,
        questions: Sequence[Question],
        on_outcome: Callable[[Outcome], None] | None = None,
        clusters: asyncio.Future[list[str]] | None = None,
        on_prompts: Callable[[int, Sequence[SamplePrompt]], None] | None = None,
        verdict: Verdict | None = None,
    ) -> Sequence[Outcome]:
        """Return the outcome of each question, in the order of the questions.

        Args:
            program: Renders the prompts.
            questions: Started in their order, answered concurrently.
            on_outcome: Called with each outcome as soon as it is known.
            clusters: The cluster of each question (`openmedlm.data.clusters`); None for no clusters.
            on_prompts: Called once per question, before `on_outcome`, with the question's position and the prompts
                of the votes in its outcome.
            verdict: Whether the model thinks; None finds out from the first questions.

        Raises:
            EndpointDownError: The endpoint fails for every request (a wrong key, model or address, or an outage).
            BudgetExceeded: A limit is reached; requests that were in flight have finished and are cached.
        """
        prefetcher = ExemplarPrefetcher(program.exemplars, questions)
        outcomes = OutcomeBuffer(len(questions), self._folder)
        positions = iter(range(len(questions)))
        exceeded: list[BudgetExceeded] = []
        decision = Decision(self._thinking, program, min(FIRST_QUESTIONS, len(questions)), verdict)

        async def sample(position: int) -> tuple[RetrievedExemplars, _Sampled]:
            retrieved, question = await prefetcher.get(position), questions[position]
            before = decision.program
            sampled = await self._sample(before, question, retrieved)
            await decision.add(position, FirstVotes(question, sampled.sample_prompts, sampled.votes))
            decided = await decision.wait()
            if decided is not before:  # the model thinks, and these votes had no tokens for thoughts
                sampled = await self._sample(decided, question, retrieved)
            return retrieved, sampled

        async def work() -> None:
            for position in positions:
                if exceeded:
                    return
                try:
                    retrieved, sampled = await sample(position)
                except BudgetExceeded as error:
                    exceeded.append(error)  # the other tasks finish their requests in flight
                    decision.give_up()
                    return
                cluster = (await clusters)[position] if clusters is not None else ""
                outcome = _make_outcome(questions[position], retrieved, sampled, cluster)
                outcomes.put(position, outcome)
                if on_prompts is not None:
                    on_prompts(position, sampled.sample_prompts[: len(sampled.votes)])
                if on_outcome is not None:
                    on_outcome(outcome)

        async with task_group() as group:
            for _ in range(min(TASKS_PER_REQUEST * self._policy.concurrency, len(questions))):
                group.create_task(work())
        if exceeded:
            raise exceeded[0]
        return outcomes

    async def detect_thinking(self, program: PromptProgram, questions: Sequence[Question]) -> Verdict:
        """Return whether the model thinks, from its votes on the first questions (see `ThinkingDetector`).

        Raises:
            EndpointDownError, BudgetExceeded: See `run`.
        """
        if self._thinking.known(program) is None:
            await self.run(program, questions[:FIRST_QUESTIONS])
        return self._thinking.known(program) or Verdict(thinks=False, opened=False)

    async def _sample(self, program: PromptProgram, question: Question, retrieved: RetrievedExemplars) -> _Sampled:
        """Sample votes in waves, until the majority can no longer change or a vote fails."""
        sample_prompts = program.sample_prompts(question, retrieved.exemplars)
        pending = pending_requests(self._client, program, question, sample_prompts)
        completions = await self._client.cached([each.key for each in pending])
        votes = self._cached_votes(program, question, pending, completions) if completions else []
        failed = False
        while True:
            letters = [vote.letter for vote in votes]
            answer = majority(letters).letter
            wave_size = 0 if failed else self._wave_size(letters, answer, len(pending) - len(votes))
            if not wave_size:
                return _Sampled(votes, sample_prompts, answer)
            wave = pending[len(votes) : len(votes) + wave_size]
            votes += await self._sample_wave(program, question, wave)
            failed = any(vote.error is not None for vote in votes)

    def _cached_votes(
        self,
        program: PromptProgram,
        question: Question,
        pending: Sequence[PendingRequest],
        completions: Mapping[str, Completion],
    ) -> list[Vote]:
        """Return the leading votes that need no request, up to the one that decides the majority."""
        votes: list[Vote] = []
        letters: list[str | None] = []
        for each in pending:
            completion = completions.get(each.key)
            if completion is None:
                break
            vote = first_vote(program, question, each, completion)
            if vote.letter is None and (self._policy.on_unparsed != "skip" or vote.rule == "truncated"):
                break
            votes.append(vote)
            letters.append(vote.letter)
            if not self._policy.all_votes and decided(letters, len(pending) - len(votes)):
                break
        return votes

    async def _sample_wave(
        self, program: PromptProgram, question: Question, wave: Sequence[PendingRequest]
    ) -> list[Vote]:
        """Sample the votes of a wave concurrently; once a limit is reached, wait for requests in flight."""
        client, policy = self._client, self._policy
        if len(wave) == 1:
            return [await sample_vote(client, policy, program, question, wave[0])]
        tasks = []
        for number, each in enumerate(wave, start=1):
            siblings = () if program.shuffle or program.decode.greedy else wave[number:]
            tasks.append(asyncio.create_task(sample_vote(client, policy, program, question, each, siblings)))
        try:
            return await asyncio.gather(*tasks)
        except BudgetExceeded:
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _wave_size(self, letters: Sequence[str | None], leader: str | None, remaining: int) -> int:
        """Return the number of votes to request next: the fewest after which the majority could be decided."""
        if self._policy.all_votes or len(letters) + remaining == 1:
            return remaining
        agreeing = leader or "A"
        return next(size for size in range(remaining + 1) if decided([*letters, *[agreeing] * size], remaining - size))


def _make_outcome(question: Question, retrieved: RetrievedExemplars, sampled: _Sampled, cluster: str) -> Outcome:
    failed = next((vote for vote in sampled.votes if vote.error is not None), None)
    return Outcome(
        question_id=question.id,
        benchmark=question.benchmark,
        subject=question.subject,
        gold=question.answer,
        answer=None if failed else sampled.answer,
        votes=tuple(sampled.votes),
        error=failed.error if failed else None,
        failure=failed.failure if failed else None,
        exemplars=tuple(exemplar.question.id for exemplar in retrieved.exemplars),
        similarities=retrieved.similarities,
        duplicates_removed=retrieved.duplicates,
        exemplars_not_reordered=retrieved.exemplars_not_reordered,
        votes_saved=0 if failed else len(sampled.sample_prompts) - len(sampled.votes),
        cluster=cluster,
    )
