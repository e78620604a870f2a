"""Completions in a PostgreSQL database, for processes on many machines."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from openmedlm.data import UserError
from openmedlm.inference.cache.backend import SCHEMA, Lease, Row, Usage
from openmedlm.inference.cache.leases import LeaseHolder, is_due, is_gone, this_process
from openmedlm.inference.cache.sql_server import Server
from openmedlm.inference.request import Completion

_GET = text(
    "SELECT key, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds"
    " FROM completions WHERE key = ANY(:keys)"
)
_PUT = text(
    "INSERT INTO completions SELECT key, model, endpoint, extract(epoch FROM clock_timestamp()), text, finish_reason,"
    " prompt_tokens, completion_tokens, cached_tokens, cost_usd, seconds"
    " FROM unnest(CAST(:key AS text[]), CAST(:model AS text[]), CAST(:endpoint AS text[]), CAST(:text AS text[]),"
    " CAST(:finish_reason AS text[]), CAST(:prompt_tokens AS integer[]), CAST(:completion_tokens AS integer[]),"
    " CAST(:cached_tokens AS integer[]), CAST(:cost_usd AS double precision[]), CAST(:seconds AS double precision[]))"
    " AS bought (key, model, endpoint, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens, cost_usd,"
    " seconds) ON CONFLICT DO NOTHING"
)
_SPEND = text(
    "INSERT INTO spending VALUES (:purpose, :calls, :prompt_tokens, :completion_tokens, :cost_usd)"
    " ON CONFLICT (purpose) DO UPDATE SET calls = spending.calls + excluded.calls,"
    " prompt_tokens = spending.prompt_tokens + excluded.prompt_tokens,"
    " completion_tokens = spending.completion_tokens + excluded.completion_tokens,"
    " cost_usd = spending.cost_usd + excluded.cost_usd"
)
_CLAIM = text(
    "INSERT INTO claims SELECT unnest(CAST(:keys AS text[])), :claimant"
    " ON CONFLICT (key) DO UPDATE SET claimant = excluded.claimant WHERE claims.claimant = excluded.claimant"
    " RETURNING key"
)
_FREE = text("DELETE FROM claims WHERE key = ANY(:keys) AND claimant = :claimant")
_ENTER = text("INSERT INTO claimants VALUES (:name, :host, :pid, extract(epoch FROM clock_timestamp()))")
_LONG_GONE = text("DELETE FROM claimants WHERE seen < extract(epoch FROM clock_timestamp()) - 86400")
_SIGN = text("UPDATE claimants SET seen = extract(epoch FROM clock_timestamp()) WHERE name = :name")
_OTHERS = text(
    # Nobody could sign while the server was down.
    "SELECT DISTINCT claims.claimant, coalesce(host, ''), coalesce(pid, 0), CASE WHEN seen IS NULL THEN 'infinity'"
    " ELSE extract(epoch FROM clock_timestamp() - greatest(to_timestamp(seen), pg_postmaster_start_time())) END"
    " FROM claims LEFT JOIN claimants ON name = claims.claimant WHERE key = ANY(:keys)"
)
_FORGET_CLAIMS = text("DELETE FROM claims WHERE claimant = ANY(:names)")
_FORGET = text("DELETE FROM claimants WHERE name = ANY(:names)")
_LOOK = text(
    "INSERT INTO test_evaluations VALUES (:benchmark, :model, :program, :questions, :now) ON CONFLICT DO NOTHING"
)


class PostgresDatabase:
    """A `Database` on a server.

    Args:
        url: as SQLAlchemy writes it.
    """

    remote = True

    def __init__(self, url: str) -> None:
        self._claimant: LeaseHolder | None = None
        self._signed = 0.0
        self._server = Server(url)
        self._server.first(self._prepare)

    def _prepare(self, connection: Connection) -> None:
        if _schema(connection) != str(SCHEMA):
            from openmedlm.inference.cache.migrate import migrate_postgres

            if _schema(connection) not in (None, *map(str, range(SCHEMA))):
                where = self._server.where
                raise UserError(f"{where}: written by another version of openmedlm; name another database")
            migrate_postgres(connection)

    @property
    def folder(self) -> Path:
        return Path(tempfile.gettempdir())

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        return self._server.written(lambda connection: _completions(connection, keys))

    def put(self, rows: Sequence[Row]) -> list[Completion]:
        # In the order of their keys, as everywhere: two that lock the same rows in turn wait for each other for ever.
        ordered = sorted(rows, key=lambda row: row.key)
        columns: dict[str, list[Any]] = {
            "key": [row.key for row in ordered],
            "model": [row.model for row in ordered],
            "endpoint": [row.endpoint for row in ordered],
            **{name: [getattr(row.completion, name) for row in ordered] for name in Completion._fields},
        }
        for name in ("text", "finish_reason"):
            columns[name] = [said and _without_nul(said) for said in columns[name]]
        claimant = self._claimant  # another thread may find at any moment that it was taken for gone

        def write(connection: Connection) -> list[Completion]:
            new = connection.execute(_PUT, columns).rowcount == len(rows)
            if claimant is not None:
                connection.execute(_FREE, {"keys": columns["key"], "claimant": claimant.name})
            for purpose, spent in sorted(_bought(rows).items()):
                connection.execute(_SPEND, {"purpose": purpose, **spent._asdict()})
            if new:
                return [row.completion for row in rows]
            kept = _completions(connection, columns["key"])
            return [kept[row.key] for row in rows]

        return self._server.written(write)

    def claim(self, keys: Sequence[str], free: Sequence[str]) -> Lease:
        if is_due(self._signed):  # or others would take what is claimed now for the claim of one that is gone
            self.sign()
        claimant = self._claimant or self._entered()

        def write(connection: Connection) -> Lease:
            if free:
                connection.execute(_FREE, {"keys": sorted(free), "claimant": claimant.name})
            held = _inserted(connection, keys, claimant)
            # Looked for after claiming: whoever put one let go of it in the same transaction.
            found = _completions(connection, keys)
            if held & found.keys():
                connection.execute(_FREE, {"keys": sorted(held & found.keys()), "claimant": claimant.name})
            others = [key for key in keys if key not in held and key not in found]
            if others and _let_go_of_gone(connection, others):
                held |= _inserted(connection, others, claimant)
            return Lease(frozenset(held - found.keys()), found)

        return self._server.written(write)

    def _entered(self) -> LeaseHolder:
        claimant = this_process()

        def write(connection: Connection) -> None:
            connection.execute(_LONG_GONE)
            connection.execute(_ENTER, claimant._asdict())

        self._server.written(write)
        self._claimant, self._signed = claimant, time.time()
        return claimant

    def sign(self) -> None:
        claimant = self._claimant
        if claimant is not None:
            signed = self._server.written(
                lambda connection: connection.execute(_SIGN, {"name": claimant.name}).rowcount
            )
            if signed:
                self._signed = time.time()
            else:  # taken for gone, since it was cut off for long: it claims as a new one from then on
                self._claimant = None

    def spent(self, purpose: str) -> Usage:
        query = text("SELECT calls, prompt_tokens, completion_tokens, cost_usd FROM spending WHERE purpose = :purpose")
        row = self._server.written(lambda connection: connection.execute(query, {"purpose": purpose}).fetchone())
        return Usage(*row) if row else Usage()

    def look(self, benchmark: str, model: str, program: str, questions: str) -> int:
        asked = {"benchmark": benchmark, "model": model, "program": program, "questions": questions}
        count = text("SELECT count(*) FROM test_evaluations WHERE benchmark = :benchmark AND model = :model")

        def write(connection: Connection) -> int:
            connection.execute(_LOOK, asked | {"now": time.time()})
            return int(connection.execute(count, {"benchmark": benchmark, "model": model}).scalar_one())

        return self._server.written(write)

    def stop_retrying(self) -> None:
        self._server.stop_retrying()

    def close(self) -> None:
        if self._claimant is not None:
            names = {"names": [self._claimant.name]}

            def write(connection: Connection) -> None:
                connection.execute(_FORGET_CLAIMS, names)
                connection.execute(_FORGET, names)

            with suppress(SQLAlchemyError):  # away; the claims expire
                self._server.once(write)
        self._server.close()


def _schema(connection: Connection) -> str | None:
    """The schema's version; None in an empty database."""
    there = connection.execute(text("SELECT to_regclass('store_version')")).scalar_one()
    return connection.execute(text("SELECT version_num FROM store_version")).scalar() if there else None


def _completions(connection: Connection, keys: Sequence[str]) -> dict[str, Completion]:
    rows = connection.execute(_GET, {"keys": list(keys)})
    return {key: Completion(_with_nul(said), reason and _with_nul(reason), *rest) for key, said, reason, *rest in rows}


def _inserted(connection: Connection, keys: Sequence[str], claimant: LeaseHolder) -> set[str]:
    return set(connection.execute(_CLAIM, {"keys": sorted(set(keys)), "claimant": claimant.name}).scalars())


def _let_go_of_gone(connection: Connection, keys: Sequence[str]) -> bool:
    """Lets go of all claims of those processes that claimed some of the keys and are gone; whether there were such."""
    rows = connection.execute(_OTHERS, {"keys": list(keys)}).fetchall()
    gone = sorted(name for name, host, pid, silent in rows if is_gone(LeaseHolder(name, host, pid), float(silent)))
    if gone:
        connection.execute(_FORGET_CLAIMS, {"names": gone})
        connection.execute(_FORGET, {"names": gone})
    return bool(gone)


def _bought(rows: Sequence[Row]) -> dict[str, Usage]:
    api_calls: dict[str, Usage] = {}
    for row in rows:
        if row.purpose is not None:
            sum_, done = api_calls.get(row.purpose, Usage()), row.completion
            api_calls[row.purpose] = Usage(
                sum_.calls + 1,
                sum_.prompt_tokens + done.prompt_tokens,
                sum_.completion_tokens + done.completion_tokens,
                sum_.cost_usd + (done.cost_usd or 0.0),
            )
    return api_calls


def _without_nul(said: str) -> str:
    """The text as PostgreSQL can hold it: the one character that it refuses is written out."""
    return said.replace("\x1a", "\x1a1").replace("\0", "\x1a0") if "\0" in said or "\x1a" in said else said


def _with_nul(said: str) -> str:
    return said.replace("\x1a0", "\0").replace("\x1a1", "\x1a") if "\x1a" in said else said
