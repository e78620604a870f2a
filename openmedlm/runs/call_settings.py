"""Settings of the calls of one job, and the connection that they open."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from openmedlm.data import UserError
from openmedlm.inference import (
    AnyEngine,
    Budget,
    Cluster,
    CompletionCache,
    Endpoint,
    EndpointDownError,
    EndpointWarning,
    LoadingWait,
    Notices,
    Policy,
    connect,
    open_engine,
)
from openmedlm.local_models import SLOTS
from openmedlm.options import CallOptions, RequestOptions
from openmedlm.terminal.progress import Progress
from openmedlm.utils.choices import check_choice
from openmedlm.utils.paths import completion_cache_path

DEFAULT_CONCURRENCY = 16
"""Concurrent requests to an endpoint that is not an embedded model."""


DEFAULT_WAIT = LoadingWait()
"""Time that an endpoint may take to load its model."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Endpoint of one job, and the settings of its calls.

    Attributes:
        endpoint: Model and address that answer.
        policy: Concurrency, retries, and treatment of unparsed votes.
        timeout: Time limit of one call, in seconds.
        store: File or database URL of the completion cache.
        cluster: Ray cluster whose workers send the calls; None for this process.
        wait: Time that the endpoint may take to load its model.
    """

    endpoint: Endpoint
    policy: Policy
    timeout: float
    store: Path | str
    cluster: Cluster | None = None
    wait: LoadingWait = DEFAULT_WAIT


@dataclass(frozen=True, slots=True)
class Connection:
    """Open completion cache and reachable endpoint of one job.

    Attributes:
        calls: Settings of the job; the endpoint has the address at which it answers.
        store: Open completion cache.
        notices: Notices about the endpoint, such as a parameter that it refuses.
    """

    calls: CallSettings
    store: CompletionCache
    notices: Notices

    def engine(self, budget: Budget | None = None) -> AbstractAsyncContextManager[AnyEngine]:
        """Open an engine that answers questions within the budget; see `open_engine`."""
        calls = self.calls
        return open_engine(
            calls.endpoint,
            self.store,
            calls.policy,
            calls.timeout,
            budget,
            calls.cluster,
            self.notices,
            calls.wait,
        )


@contextmanager
def open_connection(calls: CallSettings, progress: Progress | None = None) -> Iterator[Connection]:
    """Open the completion cache and connect to the endpoint; an embedded model runs until the context ends.

    Args:
        calls: Endpoint, cache and settings.
        progress: Shows the download of an embedded model, and notices about the endpoint; without it, notices become
            warnings.

    Raises:
        UserError: The endpoint is down, inside the context too, or the cache cannot be opened.
    """
    on_download = progress.on_download if progress else None
    try:
        with (
            CompletionCache(calls.store) as store,
            progress or nullcontext(),
            connect(calls.endpoint, on_download) as endpoint,
        ):
            notices = Notices(progress.on_notice if progress else _warn)
            yield Connection(replace(calls, endpoint=endpoint), store, notices)
    except EndpointDownError as error:
        raise UserError(f"{calls.endpoint.model}: {error}") from error


def make_call_settings(options: CallOptions, endpoint: Endpoint, policy: Policy) -> CallSettings:
    """Build the settings of a job from its options.

    Raises:
        UserError: The engine is unknown.
    """
    return CallSettings(
        endpoint=endpoint,
        policy=policy,
        timeout=options.call_timeout,
        store=options.store or completion_cache_path(),
        cluster=make_cluster(options),
        wait=DEFAULT_WAIT if options.wait is None else LoadingWait(options.wait, for_connection=True),
    )


def _warn(message: str) -> None:
    warnings.warn(message, EndpointWarning, stacklevel=2)


def make_policy(options: RequestOptions, endpoint: Endpoint) -> Policy:
    """Build the policy of an endpoint from the options.

    Raises:
        UserError: An option does not fit the endpoint.
    """
    on_unparsed = check_choice(options.on_unparsed, ("auto", "resample", "constrain", "skip"), "--on-unparsed value")
    if on_unparsed == "auto":
        on_unparsed = "constrain" if endpoint.constraint in ("grammar", "structured_outputs") else "resample"
    if on_unparsed == "constrain" and endpoint.constraint is None:
        raise UserError(
            f"--on-unparsed constrain: {endpoint.model} has no known constrained decoding. Use --on-unparsed resample."
        )
    return Policy(
        choose_concurrency(options, endpoint),
        on_unparsed,  # type: ignore[arg-type]
        options.max_resamples,
        options.max_retries,
        options.all_votes,
    )


def choose_concurrency(options: CallOptions, endpoint: Endpoint) -> int:
    """Return the maximum number of concurrent requests: the option, or the endpoint's default."""
    return options.max_concurrency or (SLOTS if endpoint.embedded else DEFAULT_CONCURRENCY)


def make_cluster(options: CallOptions) -> Cluster | None:
    """Return the Ray cluster of the options; None for this process.

    Raises:
        UserError: The engine is unknown.
    """
    if check_choice(options.engine, ("local", "ray"), "engine") == "local":
        return None
    return Cluster(options.ray_address, options.ray_workers)
