"""Completion database on a PostgreSQL server, for processes on many machines."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import UserError
from openmedlm.inference.cache.backend import SCHEMA_VERSION, Lease, Row, Usage
from openmedlm.inference.cache.leases import LeaseHolder, heartbeat_due, is_dead, new_holder
from openmedlm.inference.cache.sql_server import SqlServer
from openmedlm.inference.request import Completion

_GET = text(
    "SELECT key, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds, reasoning,"
    " reasoning_tokens FROM completions WHERE (finish_reason IN ('error', 'abort')) IS NOT TRUE AND key = ANY(:keys)"
)
_PUT = text(
    "INSERT INTO completions SELECT key, model, endpoint, extract(epoch FROM clock_timestamp()), text, finish_reason,"
    " prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds, reasoning, reasoning_tokens"
    " FROM unnest(CAST(:key AS text[]), CAST(:model AS text[]), CAST(:endpoint AS text[]), CAST(:text AS text[]),"
    " CAST(:finish_reason AS text[]), CAST(:prompt_tokens AS integer[]), CAST(:completion_tokens AS integer[]),"
    " CAST(:cached_tokens AS integer[]), CAST(:cost_usd AS double precision[]), CAST(:seconds AS double precision[]),"
    " CAST(:reasoning AS text[]), CAST(:reasoning_tokens AS integer[]))"
    " AS new (key, model, endpoint, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd,"
    " seconds, reasoning, reasoning_tokens) ON CONFLICT (key) DO UPDATE SET model = excluded.model,"
    " endpoint = excluded.endpoint, bought_at = excluded.bought_at, text = excluded.text,"
    " finish_reason = excluded.finish_reason, prompt_tokens = excluded.prompt_tokens,"
    " completion_tokens = excluded.completion_tokens, cached_tokens = excluded.cached_tokens,"
    " cost_usd = excluded.cost_usd, seconds = excluded.seconds, reasoning = excluded.reasoning,"
    " reasoning_tokens = excluded.reasoning_tokens WHERE completions.finish_reason IN ('error', 'abort')"
)
_COUNT_USAGE = text(
    "INSERT INTO spending VALUES (:purpose, :calls, :prompt_tokens, :completion_tokens, :cost_usd)"
    " ON CONFLICT (purpose) DO UPDATE SET calls = spending.calls + excluded.calls,"
    " prompt_tokens = spending.prompt_tokens + excluded.prompt_tokens,"
    " completion_tokens = spending.completion_tokens + excluded.completion_tokens,"
    " cost_usd = spending.cost_usd + excluded.cost_usd"
)
_LEASE = text(
    "INSERT INTO claims SELECT unnest(CAST(:keys AS text[])), :holder"
    " ON CONFLICT (key) DO UPDATE SET claimant = excluded.claimant WHERE claims.claimant = excluded.claimant"
    " RETURNING key"
)
_RELEASE = text("DELETE FROM claims WHERE key = ANY(:keys) AND claimant = :holder")
_REGISTER = text("INSERT INTO claimants VALUES (:name, :host, :pid, extract(epoch FROM clock_timestamp()))")
_REMOVE_OLD_HOLDERS = text("DELETE FROM claimants WHERE seen < extract(epoch FROM clock_timestamp()) - 86400")
_HEARTBEAT = text("UPDATE claimants SET seen = extract(epoch FROM clock_timestamp()) WHERE name = :name")
_OTHER_HOLDERS = text(
    # Silence counts from the server's start at the earliest: no process can send a heartbeat while it is down.
    "SELECT DISTINCT claims.claimant, coalesce(host, ''), coalesce(pid, 0), CASE WHEN seen IS NULL THEN 'infinity'"
    " ELSE extract(epoch FROM clock_timestamp() - greatest(to_timestamp(seen), pg_postmaster_start_time())) END"
    " FROM claims LEFT JOIN claimants ON name = claims.claimant WHERE key = ANY(:keys)"
)
_REMOVE_LEASES = text("DELETE FROM claims WHERE claimant = ANY(:names)")
_REMOVE_HOLDERS = text("DELETE FROM claimants WHERE name = ANY(:names)")
_RECORD_TEST_USE = text(
    "INSERT INTO test_looks VALUES (:benchmark, :model, :program, :questions, :now) ON CONFLICT DO NOTHING"
)


class PostgresDatabase:
    """`Database` on a PostgreSQL server.

    Args:
        url: SQLAlchemy URL.
    """

    remote = True

    def __init__(self, url: str) -> None:
        self._holder: LeaseHolder | None = None
        self._last_heartbeat = 0.0
        self._server = SqlServer(url)
        self._server.run_first(self._prepare)

    def _prepare(self, connection: Connection) -> None:
        if _schema_version(connection) != str(SCHEMA_VERSION):
            from openmedlm.inference.cache.migrate import migrate_postgres

            if _schema_version(connection) not in (None, *map(str, range(SCHEMA_VERSION))):
                raise UserError(
                    f"unknown database schema in {self._server.option}: written by another version of openmedlm. "
                    "Name another database."
                )
            migrate_postgres(connection)

    @property
    def folder(self) -> Path:
        return Path(tempfile.gettempdir())

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        return self._server.run(lambda connection: _completions(connection, keys))

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        # Sorted by key, as everywhere: processes that lock the same rows in different orders would deadlock.
        ordered = [row for _, row in sorted({row.key: row for row in reversed(rows)}.items())]
        columns: dict[str, list[Any]] = {
            "key": [row.key for row in ordered],
            "model": [row.model for row in ordered],
            "endpoint": [row.endpoint for row in ordered],
            **{name: [getattr(row.completion, name) for row in ordered] for name in Completion._fields},
        }
        for name in ("text", "reasoning", "finish_reason"):
            columns[name] = [value and _escape_nul(value) for value in columns[name]]
        holder = self._holder  # the heartbeat thread may set it to None at any moment

        def transaction(connection: Connection) -> list[Completion]:
            all_new = connection.execute(_PUT, columns).rowcount == len(rows)
            if holder is not None:
                connection.execute(_RELEASE, {"keys": columns["key"], "holder": holder.name})
            for budget_id, usage in sorted(_sum_usage(rows).items()):
                connection.execute(_COUNT_USAGE, {"purpose": budget_id, **usage._asdict()})
            if all_new:
                return [row.completion for row in rows]
            stored = _completions(connection, columns["key"])
            return [stored[row.key] for row in rows]

        return self._server.run(transaction)

    def acquire(self, keys: Sequence[str], release: Sequence[str]) -> Lease:
        if heartbeat_due(self._last_heartbeat):  # else others would take the new leases for those of a dead process
            self.heartbeat()
        holder = self._holder or self._register()

        def transaction(connection: Connection) -> Lease:
            if release:
                connection.execute(_RELEASE, {"keys": sorted(release), "holder": holder.name})
            leased = _insert_leases(connection, keys, holder)
            # Read after leasing: a process that writes a completion releases its lease in the same transaction.
            completions = _completions(connection, keys)
            if leased & completions.keys():
                cached = sorted(leased & completions.keys())
                connection.execute(_RELEASE, {"keys": cached, "holder": holder.name})
            others = [key for key in keys if key not in leased and key not in completions]
            if others and _remove_dead_holders(connection, others):
                leased |= _insert_leases(connection, others, holder)
            return Lease(frozenset(leased - completions.keys()), completions)

        return self._server.run(transaction)

    def _register(self) -> LeaseHolder:
        holder = new_holder()

        def transaction(connection: Connection) -> None:
            connection.execute(_REMOVE_OLD_HOLDERS)
            connection.execute(_REGISTER, holder._asdict())

        self._server.run(transaction)
        self._holder, self._last_heartbeat = holder, time.time()
        return holder

    def heartbeat(self) -> None:
        holder = self._holder
        if holder is not None:
            registered = self._server.run(
                lambda connection: connection.execute(_HEARTBEAT, {"name": holder.name}).rowcount
            )
            if registered:
                self._last_heartbeat = time.time()
            else:  # others took it for dead after a long disconnection: it registers under a new name
                self._holder = None

    def spent(self, budget_id: str) -> Usage:
        query = text("SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = :purpose")
        row = self._server.run(lambda connection: connection.execute(query, {"purpose": budget_id}).fetchone())
        return Usage(*row) if row else Usage()

    def record_test_use(self, benchmark: str, model: str, program: str, questions: str) -> int:
        row = {"benchmark": benchmark, "model": model, "program": program, "questions": questions}
        count = text("SELECT count(*) FROM test_looks WHERE benchmark = :benchmark AND model = :model")

        def transaction(connection: Connection) -> int:
            connection.execute(_RECORD_TEST_USE, row | {"now": time.time()})
            return int(connection.execute(count, {"benchmark": benchmark, "model": model}).scalar_one())

        return self._server.run(transaction)

    def stop_retrying(self) -> None:
        self._server.stop_retrying()

    def close(self) -> None:
        if self._holder is not None:
            names = {"names": [self._holder.name]}

            def transaction(connection: Connection) -> None:
                connection.execute(_REMOVE_LEASES, names)
                connection.execute(_REMOVE_HOLDERS, names)

            with suppress(SQLAlchemyError):  # the server is unreachable; the leases expire
                self._server.run_once(transaction)
        self._server.close()


def _schema_version(connection: Connection) -> str | None:
    """Return the schema's version; None for an empty database."""
    table = connection.execute(text("SELECT to_regclass('store_version')")).scalar_one()
    return connection.execute(text("SELECT version_num FROM store_version")).scalar() if table else None


def _completions(connection: Connection, keys: Sequence[str]) -> dict[str, Completion]:
    rows = connection.execute(_GET, {"keys": list(keys)})
    return {
        key: Completion(*fields)._replace(
            text=_unescape_nul(fields[0]),
            finish_reason=fields[1] and _unescape_nul(fields[1]),
            reasoning=_unescape_nul(fields[-2]),
        )
        for key, *fields in rows
    }


def _insert_leases(connection: Connection, keys: Sequence[str], holder: LeaseHolder) -> set[str]:
    """Return the keys that are leased to the holder now."""
    return set(connection.execute(_LEASE, {"keys": sorted(set(keys)), "holder": holder.name}).scalars())


def _remove_dead_holders(connection: Connection, keys: Sequence[str]) -> bool:
    """Remove all leases of dead processes that hold some of the keys, and return whether there were any."""
    rows = connection.execute(_OTHER_HOLDERS, {"keys": list(keys)}).fetchall()
    dead = sorted(name for name, host, pid, silent in rows if is_dead(LeaseHolder(name, host, pid), float(silent)))
    if dead:
        connection.execute(_REMOVE_LEASES, {"names": dead})
        connection.execute(_REMOVE_HOLDERS, {"names": dead})
    return bool(dead)


def _sum_usage(rows: Sequence[Row]) -> dict[str, Usage]:
    """Return the usage of the rows by budget id."""
    usages: dict[str, Usage] = {}
    for row in rows:
        if row.budget_id is not None:
            total, completion = usages.get(row.budget_id, Usage()), row.completion
            usages[row.budget_id] = Usage(
                total.calls + 1,
                total.prompt_tokens + completion.prompt_tokens,
                total.completion_tokens + completion.completion_tokens,
                total.cost_usd + (completion.cost_usd or 0.0),
            )
    return usages


def _escape_nul(value: str) -> str:
    """Return the text with NUL, which PostgreSQL refuses, and its escape character escaped."""
    return value.replace("\x1a", "\x1a1").replace("\0", "\x1a0") if "\0" in value or "\x1a" in value else value


def _unescape_nul(value: str) -> str:
    return value.replace("\x1a0", "\0").replace("\x1a1", "\x1a") if "\x1a" in value else value
