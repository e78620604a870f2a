"""Claims in a SQLite file."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from openmedlm.inference.cache.backend import Lease
from openmedlm.inference.cache.leases import LeaseHolder, is_due, is_gone, this_process
from openmedlm.inference.request import Completion

_CLAIM = (
    "INSERT INTO claims VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET claimant = claimant WHERE claimant = excluded.claimant"
)


class SqliteClaims:
    """Who buys what, among the processes that use a file.

    Args:
        connection: to the file.
        transaction: of that connection.
        find: the completions of keys that there are, as the connection sees them.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
        find: Callable[[Sequence[str]], Mapping[str, Completion]],
    ) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._transaction = transaction
        self._find = find
        self._me: LeaseHolder | None = None
        self._signed = 0.0

    def claim(self, keys: Sequence[str], free: Sequence[str]) -> Lease:
        """Claims keys for this process, and lets go of others."""
        with self._changing():
            # Signed before, or others would take what is claimed now for the claim of a process that is gone.
            if self._me is None or (is_due(self._signed) and not self._sign()):
                self._enter()
            self.remove(free)
            found = self._find(keys)
            missing = [key for key in keys if key not in found]
            held = self._insert(missing)
            if len(held) < len(missing) and self._let_go_of_gone():
                held |= self._insert([key for key in missing if key not in held])
        return Lease(frozenset(held), found)

    def remove(self, keys: Sequence[str]) -> None:
        """Lets go of keys, in the transaction that is open."""
        if self._me is not None and keys:
            name = self._me.name
            self._executemany("DELETE FROM claims WHERE key = ? AND claimant = ?", [(key, name) for key in keys])

    def sign(self) -> None:
        """Gives a sign of life."""
        if self._me is not None:
            with self._changing():
                self._sign()

    def leave(self) -> None:
        """Holds nothing from now on."""
        if self._me is not None:
            with self._changing():
                name = (self._me.name,)
                self._execute("DELETE FROM claims WHERE claimant = ?", name)
                self._execute("DELETE FROM claimants WHERE name = ?", name)
                self._me = None

    def _enter(self) -> None:
        self._me, self._signed = this_process(), time.time()
        self._execute("INSERT INTO claimants VALUES (?, ?, ?, ?)", (*self._me, self._signed))

    def _sign(self) -> bool:
        """Signs, and returns whether this process was still known; others may have taken it for gone."""
        assert self._me is not None
        self._signed = time.time()
        known = self._execute("UPDATE claimants SET seen = ? WHERE name = ?", (self._signed, self._me.name)).rowcount
        if not known:  # its machine slept, say: it claims as a new one from then on
            self._me = None
        return bool(known)

    def _insert(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that this process holds now."""
        assert self._me is not None
        name = self._me.name
        return {key for key in keys if self._execute(_CLAIM, (key, name)).rowcount}

    def _let_go_of_gone(self) -> bool:
        """Lets go of the claims of processes that are gone; whether there were such."""
        rows = self._execute("SELECT name, host, pid, seen FROM claimants").fetchall()
        now = time.time()
        gone = [(name,) for name, host, pid, seen in rows if is_gone(LeaseHolder(name, host, pid), now - seen)]
        self._executemany("DELETE FROM claimants WHERE name = ?", gone)
        orphaned = self._execute("DELETE FROM claims WHERE claimant NOT IN (SELECT name FROM claimants)")
        return orphaned.rowcount > 0

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A transaction; where it comes to nothing, this object is as it was before."""
        before = self._me, self._signed
        try:
            with self._transaction():
                yield
        except BaseException:
            self._me, self._signed = before
            raise
