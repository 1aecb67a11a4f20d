"""Opens a state on PostgreSQL: refuses a foreign or newer one, and explains errors.

READ COMMITTED: what depends on rows that others write runs under the advisory lock of `dialect.deciding`, and a
transaction that PostgreSQL aborts for a conflict is run again (`is_conflict`).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from watcher.errors import QueryTimeout, StateError, StateForeign, StateLocked, StateTooNew
from watcher.store.dialect import SHARDS
from watcher.store.engine import tables
from watcher.store.schema import cluster as cluster_tables

CONNECT_WITHIN = timedelta(seconds=10)
PATIENCE = timedelta(seconds=30)  # of a statement that waits for another process's lock
QUERY_WITHIN = timedelta(seconds=5)  # of the pages
_IDLE_IN_TRANSACTION = timedelta(seconds=30)  # one that was suspended must not block the others for longer
_MAKING_TABLES = 0x77746369  # the key of the advisory lock under which tables are made and migrated
_IDLE_TOO_LONG = "25P03"  # idle_in_transaction_session_timeout
_CONFLICTS = ("40001", "40P01")  # serialization_failure, deadlock_detected
_RUNNING = 0x7774636A  # the key of the advisory lock of `run` and `once`, which workers share among them
_NO_NUL = str.maketrans("\0", "\N{REPLACEMENT CHARACTER}")


class Lock(StrEnum):
    """The lock of those that work on a state, held by the one connection that such an engine has.

    ALONE: `run` and `once`; SHARED: each worker; NONE: commands beside them.
    """

    NONE = ""
    ALONE = "pg_try_advisory_lock"
    SHARED = "pg_try_advisory_lock_shared"


def open_database(
    url: str, *, patience: timedelta, lock: Lock = Lock.NONE, idle: timedelta = _IDLE_IN_TRANSACTION
) -> Engine:
    """Opens the state at `url`, creates its tables if there are none, and migrates older ones.

    The first process does that, others wait. `idle`: after which the server ends a transaction whose process was
    suspended. Raises StateLocked, StateTooNew, StateForeign, or StateError, which names host and port, never the
    password.
    """
    address = parsed(url)
    engine = _engine(address, patience, lock=lock, idle=idle)
    try:
        with engine.begin() as connection:
            _refuse_newer(connection, address)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING_TABLES})
            _refuse_foreign(connection, address)
            tables.bring_up_to_date(connection)
    except DatabaseError as error:
        engine.dispose()
        raise explained(error, address) from error
    except StateError:
        engine.dispose()
        raise
    return engine


def open_shared(url: str, *, idle: timedelta, shards: int, jobs: str) -> Engine:
    """Opens the state for one of several workers, and makes the tables of the queue of jobs (`jobs`: their SQL).

    `shards`: the number among which new entries are shared out. Raises what `open_database` raises; StateLocked while
    `run` or `once` works on the state.
    """
    engine = open_database(url, patience=PATIENCE, lock=Lock.SHARED, idle=idle)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING_TABLES})
            cluster_tables.make_job_tables(connection, jobs)
    except DatabaseError as error:
        engine.dispose()
        raise explained(error, engine.url) from error
    except StateError:
        engine.dispose()
        raise
    return engine.execution_options(**{SHARDS: shards})


def open_pulse(url: str, *, idle: timedelta, shards: int) -> Engine:
    """Opens a further connection of a worker, for renewals that must not wait for its other transactions."""
    engine = open_database(url, patience=CONNECT_WITHIN, idle=idle)
    return engine.execution_options(**{SHARDS: shards})


def libpq_address(url: str) -> str:
    """The address as libpq reads it, with the password."""
    return parsed(url).set(drivername="postgresql").render_as_string(hide_password=False)


def open_for_reading(url: str, *, patience: timedelta) -> Engine:
    """Opens the state at `url` for reading: all queries of a transaction see the same moment, as with SQLite."""
    engine = open_database(url, patience=patience)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def limit_queries(engine: Engine) -> None:
    """Has each query of the engine stopped after `QUERY_WITHIN`."""

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {QUERY_WITHIN // timedelta(milliseconds=1)}")

    event.listen(engine, "begin", limit)


def parsed(url: str) -> URL:
    """Parses an address. Raises StateError."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StateError("[state] url is not an address such as postgresql+psycopg://user@host/database") from error


def shown(address: URL) -> str:
    """An address for people: host, port and database, without user and password."""
    host = address.host or address.query.get("host") or "the local socket"
    return f"{host}:{address.port or 5432}/{address.database or ''}"


def is_conflict(error: BaseException) -> bool:
    """Whether a transaction was aborted for the sake of another one, and is to be run again."""
    return isinstance(error, DatabaseError) and getattr(error.orig, "sqlstate", None) in _CONFLICTS


def was_suspended(error: BaseException) -> bool:
    """Whether the server ended a transaction because this process did nothing in it for too long."""
    return isinstance(error, DatabaseError) and getattr(error.orig, "sqlstate", None) == _IDLE_TOO_LONG


def explained(error: DatabaseError, address: URL) -> StateError:
    """Translates an error of the database into a StateError whose sentence says what to do."""
    state = getattr(error.orig, "sqlstate", None) or ""
    place, cause = shown(address), _first_line(error)
    if address.password:
        cause = cause.replace(str(address.password), "…")
    if state == _IDLE_TOO_LONG:
        return StateError(f"the PostgreSQL server at {place} ended a transaction, because this process was suspended")
    if state == "57014":
        return QueryTimeout("the query took too long and was stopped")
    if state.startswith("53"):
        return StateError(f"the PostgreSQL server at {place} has no room or connections left ({cause})")
    if state.startswith("28") or "password" in cause:
        return StateError(f"PostgreSQL at {place} refuses the user or the password of [state] url ({cause})")
    if state == "3D000" or ("does not exist" in cause and "database" in cause):
        return StateError(f"PostgreSQL at {place} has no such database; create it with `createdb` ({cause})")
    if state.startswith("42501"):
        return StateError(f"the user of [state] url may not use the tables at {place} ({cause})")
    if not state or state.startswith(("08", "57")):
        return StateError(f"the PostgreSQL server at {place} does not answer ({cause}); start it, or check [state] url")
    return StateError(f"cannot use the state at {place}: {cause}")


def _engine(address: URL, patience: timedelta, *, lock: Lock, idle: timedelta) -> Engine:
    limits = {"lock_timeout": patience, "idle_in_transaction_session_timeout": idle}
    options = [f"-c {name}={int(limit / timedelta(milliseconds=1))}" for name, limit in limits.items()]
    if find_spec("psycopg") is None:
        raise StateError("a state on PostgreSQL needs its driver: pip install 'watcher[cluster]'")
    engine = create_engine(
        address,
        pool_size=1 if lock else 2,
        max_overflow=0 if lock else 2,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": int(CONNECT_WITHIN.total_seconds()),
            "application_name": "watcher",
            "options": " ".join([*options, "-c timezone=UTC"]),
        },
    )
    event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
    if lock:
        event.listen(engine, "connect", partial(_lock, address, lock))
    return engine


def _lock(address: URL, lock: Lock, connection: Any, _record: object) -> None:
    """Takes the lock for as long as the connection lasts: without it nothing can be written."""
    with connection.cursor() as cursor:
        (is_free,) = cursor.execute(f"SELECT {lock.value}({_RUNNING})").fetchone()
    connection.commit()
    if not is_free:
        connection.close()
        others = "workers work" if lock is Lock.ALONE else "a watcher (`run` or `once`) works"
        place = f"the state at {shown(address)}"
        raise StateLocked(f"another watcher works on {place} ({others} on it); stop it first")


def _refuse_newer(connection: Connection, address: URL) -> None:
    version = tables.version(connection)
    if version > tables.SCHEMA:
        raise StateTooNew(
            f"the state at {shown(address)} was written by a newer watcher (schema {version}); install that version"
        )


def _refuse_foreign(connection: Connection, address: URL) -> None:
    if not tables.version(connection) and inspect(connection).get_table_names():
        raise StateForeign(
            f"the database at {shown(address)} has tables of another program; create one of its own with `createdb`"
        )


def _without_nul(
    connection: Connection, cursor: object, statement: str, parameters: Any, context: object, many: bool
) -> tuple[str, Any]:
    """Replaces NUL, which SQLite stores and PostgreSQL refuses, in all texts that are sent."""
    return statement, [_clean(row) for row in parameters] if many else _clean(parameters)


def _clean(row: Any) -> Any:
    if isinstance(row, dict):
        if any(type(value) is str and "\0" in value for value in row.values()):
            return {name: _clean_value(value) for name, value in row.items()}
        return row
    if row and any(type(value) is str and "\0" in value for value in row):
        return tuple(map(_clean_value, row))
    return row


def _clean_value(value: Any) -> Any:
    return value.translate(_NO_NUL) if type(value) is str else value


def _first_line(error: DatabaseError) -> str:
    lines = str(error.orig).strip().splitlines()
    with suppress(IndexError):
        return lines[0]
    return type(error.orig).__name__
