"""Leases in a SQLite file; the tables `claims` and `claimants` hold them."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from openmedlm.inference.cache.backend import Lease
from openmedlm.inference.cache.leases import LeaseHolder, heartbeat_due, is_dead, new_holder
from openmedlm.inference.request import Completion

_LEASE = (
    "INSERT INTO claims VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET claimant = claimant WHERE claimant = excluded.claimant"
)


class SqliteLeases:
    """Leases of the processes that use a file.

    Args:
        connection: Connection to the file.
        transaction: Opens a transaction of that connection.
        find: Returns the completions of keys, as the connection sees them.
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
        self._holder: LeaseHolder | None = None
        self._last_heartbeat = 0.0

    def acquire(self, keys: Sequence[str], release: Sequence[str]) -> Lease:
        """Lease keys to this process, and release others."""
        with self._undo_on_error():
            # An overdue heartbeat comes first: else others would take the new leases for those of a dead process.
            if self._holder is None or (heartbeat_due(self._last_heartbeat) and not self._update_heartbeat()):
                self._register()
            self.remove(release)
            completions = self._find(keys)
            missing = [key for key in keys if key not in completions]
            leased = self._insert(missing)
            if len(leased) < len(missing) and self._remove_dead_holders():
                leased |= self._insert([key for key in missing if key not in leased])
        return Lease(frozenset(leased), completions)

    def remove(self, keys: Sequence[str]) -> None:
        """Release keys, in the transaction that is open."""
        if self._holder is not None and keys:
            name = self._holder.name
            self._executemany("DELETE FROM claims WHERE key = ? AND claimant = ?", [(key, name) for key in keys])

    def heartbeat(self) -> None:
        """Extend the leases of this process."""
        if self._holder is not None:
            with self._undo_on_error():
                self._update_heartbeat()

    def release_all(self) -> None:
        """Release all leases of this process, and its registration."""
        if self._holder is not None:
            with self._undo_on_error():
                name = (self._holder.name,)
                self._execute("DELETE FROM claims WHERE claimant = ?", name)
                self._execute("DELETE FROM claimants WHERE name = ?", name)
                self._holder = None

    def _register(self) -> None:
        self._holder, self._last_heartbeat = new_holder(), time.time()
        self._execute("INSERT INTO claimants VALUES (?, ?, ?, ?)", (*self._holder, self._last_heartbeat))

    def _update_heartbeat(self) -> bool:
        """Write a heartbeat, and return whether this process was still registered."""
        assert self._holder is not None
        self._last_heartbeat = time.time()
        update = "UPDATE claimants SET seen = ? WHERE name = ?"
        registered = self._execute(update, (self._last_heartbeat, self._holder.name)).rowcount
        if not registered:  # others took it for dead, say after the machine slept: it registers under a new name
            self._holder = None
        return bool(registered)

    def _insert(self, keys: Sequence[str]) -> set[str]:
        """Return the keys that are leased to this process now."""
        assert self._holder is not None
        name = self._holder.name
        return {key for key in keys if self._execute(_LEASE, (key, name)).rowcount}

    def _remove_dead_holders(self) -> bool:
        """Remove the leases of dead processes, and return whether there were any."""
        rows = self._execute("SELECT name, host, pid, seen FROM claimants").fetchall()
        now = time.time()
        dead = [(name,) for name, host, pid, seen in rows if is_dead(LeaseHolder(name, host, pid), now - seen)]
        self._executemany("DELETE FROM claimants WHERE name = ?", dead)
        orphaned = self._execute("DELETE FROM claims WHERE claimant NOT IN (SELECT name FROM claimants)")
        return orphaned.rowcount > 0

    @contextmanager
    def _undo_on_error(self) -> Iterator[None]:
        """Run a transaction; if it fails, restore the state of this object."""
        before = self._holder, self._last_heartbeat
        try:
            with self._transaction():
                yield
        except BaseException:
            self._holder, self._last_heartbeat = before
            raise
