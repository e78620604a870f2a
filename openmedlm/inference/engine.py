"""Runs prompt programs over questions."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from openmedlm.data import Question
from openmedlm.inference.budget import Budget, BudgetExceeded
from openmedlm.inference.cache import CompletionCache
from openmedlm.inference.caching_client import CachingClient
from openmedlm.inference.clients.base import Client
from openmedlm.inference.endpoint import Endpoint
from openmedlm.inference.outcome_buffer import OutcomeBuffer
from openmedlm.inference.policy import Policy
from openmedlm.inference.prefetch import ExemplarPrefetcher
from openmedlm.inference.request import Completion
from openmedlm.inference.sampling import PendingRequest, cached_vote, pending_requests, sample_vote
from openmedlm.inference.task_group import task_group
from openmedlm.metrics import Outcome, Vote, decided, majority
from openmedlm.programs.prompt_program import PromptProgram, SamplePrompt
from openmedlm.programs.retrieved import RetrievedExemplars

WORKERS = 2
"""Questions at hand for each request in flight: while one's answer goes to disk, another's goes out."""


class Engine:
    """Answers questions with prompt programs at one endpoint, through one vote store.

    Args:
        client, endpoint: where completions come from.
        store: keeps each before it is used.
        policy: how calls are spent.
        budget: how many may be; None for no limit.
    """

    def __init__(
        self, client: Client, endpoint: Endpoint, store: CompletionCache, policy: Policy, budget: Budget | None = None
    ) -> None:
        self._buyer = CachingClient(client, endpoint, store, policy.concurrency, policy.max_retries, budget)
        self._policy = policy
        self._folder = store.folder

    @property
    def api_calls(self) -> int:
        """Completions that had to be bought so far; the others lay in the store."""
        return self._buyer.api_calls

    @property
    def transient_failures(self) -> int:
        """Completions given up so far though the endpoint may yet give them: it was silent, or busy, for too long."""
        return self._buyer.transient_failures

    async def run(
        self,
        program: PromptProgram,
        questions: Sequence[Question],
        on_outcome: Callable[[Outcome], None] | None = None,
        clusters: asyncio.Future[list[str]] | None = None,
        on_prompts: Callable[[int, Sequence[SamplePrompt]], None] | None = None,
    ) -> Sequence[Outcome]:
        """The outcome of each question, in the order of the questions.

        Args:
            program: what renders the prompts.
            questions: begun in their order, answered side by side.
            on_outcome: Called with each outcome as soon as it is known.
            clusters: The cluster of each question (`openmedlm.data.clusters`); None for no clusters.
            on_prompts: Called once per question, before `on_outcome`, with the question's position and the prompts
                of the votes in its outcome.

        Raises:
            EndpointDownError: nothing can be had of the endpoint (a wrong key, model or address, or it is dead).
            BudgetExceeded: a limit is reached; what was in flight has arrived, and is kept.
        """
        chosen = ExemplarPrefetcher(program.exemplars, questions)
        outcomes = OutcomeBuffer(len(questions), self._folder)
        positions = iter(range(len(questions)))
        spent: list[BudgetExceeded] = []

        async def work() -> None:
            for position in positions:
                if spent:
                    return
                try:
                    selection = await chosen.of(position)
                    votes, sample_prompts = await self._votes(program, questions[position], selection)
                except BudgetExceeded as limit:
                    spent.append(limit)  # the others finish what they have in flight, and meet the limit themselves
                    return
                cluster = (await clusters)[position] if clusters is not None else ""
                outcome = _outcome(questions[position], selection, votes, len(sample_prompts), cluster)
                outcomes.put(position, outcome)
                if on_prompts is not None:
                    on_prompts(position, sample_prompts[: len(votes)])
                if on_outcome is not None:
                    on_outcome(outcome)

        async with task_group() as group:
            for _ in range(min(WORKERS * self._policy.concurrency, len(questions))):
                group.create_task(work())
        if spent:
            raise spent[0]
        return outcomes

    async def _votes(
        self, program: PromptProgram, question: Question, selection: RetrievedExemplars
    ) -> tuple[list[Vote], list[SamplePrompt]]:
        """Return the votes of one question and the prompts of all its samples.

        Votes are requested in waves, which stop once the majority can no longer change.
        """
        sample_prompts = program.sample_prompts(question, selection.exemplars)
        all_slips = pending_requests(self._buyer, program, question, sample_prompts)
        stored = await self._buyer.stored([pending.key for pending in all_slips])
        votes = self._recalled(question, all_slips, stored) if stored else []
        failed = False
        while not failed and (wave := self._wave(votes, len(all_slips) - len(votes))):
            next_slips = all_slips[len(votes) : len(votes) + wave]
            votes += await self._cast(program, question, next_slips)
            failed = any(vote.error is not None for vote in votes)
        return votes, sample_prompts

    def _recalled(
        self, question: Question, all_slips: Sequence[PendingRequest], stored: Mapping[str, Completion]
    ) -> list[Vote]:
        """The votes that lie in the store, from the first on, until one is missing, is to be mended, or decides."""
        votes: list[Vote] = []
        for pending in all_slips:
            completion = stored.get(pending.key)
            if completion is None:
                break
            vote = cached_vote(question, pending, completion)
            if vote.letter is None and self._policy.on_unparsed != "skip":
                break
            votes.append(vote)
            if not self._wave(votes, len(all_slips) - len(votes)):
                break
        return votes

    async def _cast(self, program: PromptProgram, question: Question, some: Sequence[PendingRequest]) -> list[Vote]:
        """The votes, cast side by side; where a limit is reached, those that were sent still arrive."""
        caching_client, policy = self._buyer, self._policy
        if len(some) == 1:
            return [await sample_vote(caching_client, policy, program, question, some[0])]
        tasks = []
        for place, pending in enumerate(some):
            others = () if program.shuffle or program.decode.greedy else some[place + 1 :]
            tasks.append(asyncio.create_task(sample_vote(caching_client, policy, program, question, pending, others)))
        try:
            return await asyncio.gather(*tasks)
        except BudgetExceeded:
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def _wave(self, votes: Sequence[Vote], to_come: int) -> int:
        """How many votes to buy next: the fewest after which the majority could be decided."""
        if self._policy.all_votes or to_come <= (not votes):
            return to_come
        letters = [vote.letter for vote in votes]
        leader = majority(letters).letter or "A"
        return next(wave for wave in range(to_come + 1) if decided([*letters, *[leader] * wave], to_come - wave))


def _outcome(
    question: Question, selection: RetrievedExemplars, votes: Sequence[Vote], size: int, cluster: str
) -> Outcome:
    failed = next((vote for vote in votes if vote.error is not None), None)
    return Outcome(
        question_id=question.id,
        benchmark=question.benchmark,
        subject=question.subject,
        gold=question.answer,
        answer=None if failed else majority([vote.letter for vote in votes]).letter,
        votes=tuple(votes),
        error=failed.error if failed else None,
        failure=failed.failure if failed else None,
        exemplars=tuple(exemplar.question.id for exemplar in selection.exemplars),
        similarities=selection.similarities,
        duplicates_removed=selection.duplicates,
        exemplars_not_reordered=selection.exemplars_not_reordered,
        votes_saved=0 if failed else size - len(votes),
        cluster=cluster,
    )
