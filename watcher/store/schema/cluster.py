"""The tables by which several workers share a state. They exist on PostgreSQL only.

- `workers`: one row per worker process. It is alive until `valid_until`, by the clock of the server; it knows the hosts
  that were shared until `aware_at`; `tally` counts what it did since it registered.
- `holds`: which worker works on what: `fetch 5` (a shard), `deliver newsroom` (a channel), `archive`, `upkeep`. A hold
  is valid while its worker is alive; `token` counts its holders, `free_since` says when the last one (`former`) ended.
- `shared_hosts`: hosts to which workers that do not hold their shard send requests, because of redirects.

Feeds, entries and revisits have a column `shard`, that of the host to ask. NULL: not known yet, the address changed, or
the entry was reopened. That of an entry that has ended means nothing: the number of shards may be another one since.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from watcher.errors import StateError

# Every way to reopen an entry fires it. The alternative, to forget the shards of all entries when the number of shards
# changes, takes 35 s for a million entries and doubles their table.
ENTRIES_REOPENED = """
    CREATE OR REPLACE TRIGGER entries_reopened BEFORE UPDATE OF state ON entries FOR EACH ROW
    WHEN (OLD.state = 'done' AND NEW.state <> 'done') EXECUTE FUNCTION watcher_forget_shard()
"""
_STATEMENTS = (
    """
    CREATE TABLE workers (
        id text PRIMARY KEY, host text NOT NULL, pid integer NOT NULL, roles text NOT NULL, shards text NOT NULL,
        version text NOT NULL, config jsonb NOT NULL, config_at timestamptz NOT NULL, paused boolean NOT NULL,
        engine bigint NOT NULL, started_at timestamptz NOT NULL, renewed_at timestamptz NOT NULL,
        aware_at timestamptz NOT NULL, valid_until timestamptz NOT NULL, tally jsonb NOT NULL
    )
    """,
    """
    CREATE TABLE holds (
        name text PRIMARY KEY, holder text, token bigint NOT NULL, former text NOT NULL, free_since timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE shared_hosts (
        host text PRIMARY KEY, shard integer NOT NULL, since timestamptz NOT NULL, shared_until timestamptz NOT NULL,
        next_at timestamptz NOT NULL
    )
    """,
    "ALTER TABLE feeds ADD COLUMN shard integer",
    "ALTER TABLE entries ADD COLUMN shard integer",
    "ALTER TABLE revisits ADD COLUMN shard integer",
    "CREATE INDEX feeds_due_by_shard ON feeds (shard, next_poll_at) WHERE active AND lease_until IS NULL",
    "CREATE INDEX feeds_claimed_by_shard ON feeds (shard) WHERE lease_until IS NOT NULL",
    "CREATE INDEX feeds_without_shard ON feeds (id) WHERE active AND shard IS NULL",
    "CREATE INDEX entries_due_by_shard ON entries (shard, turn, due_at) WHERE state = 'pending'",
    "CREATE INDEX entries_claimed_by_shard ON entries (shard) WHERE state = 'claimed'",
    "CREATE INDEX entries_without_shard ON entries (id) WHERE state <> 'done' AND shard IS NULL",
    "CREATE INDEX revisits_due_by_shard ON revisits (shard, due_at) WHERE due_at IS NOT NULL",
    """
    CREATE FUNCTION watcher_forget_shard() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.shard = NULL; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER feeds_moved BEFORE UPDATE OF url, moved_to ON feeds FOR EACH ROW
    WHEN (OLD.url <> NEW.url OR OLD.moved_to <> NEW.moved_to) EXECUTE FUNCTION watcher_forget_shard()
    """,
    """
    CREATE TRIGGER entries_moved BEFORE UPDATE OF link ON entries FOR EACH ROW
    WHEN (OLD.link <> NEW.link) EXECUTE FUNCTION watcher_forget_shard()
    """,
    ENTRIES_REOPENED,
)


def create(connection: Connection) -> None:
    """Creates them, for a new state and for one that is migrated."""
    for statement in _STATEMENTS:
        connection.exec_driver_sql(statement)


# Jobs only wake: tables of another version are made again.
_DROP_JOB_TABLES = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate\\_%' AND relkind = 'r'
        AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TABLE ' || quote_ident(name) || ' CASCADE'; END LOOP;
    FOR name IN SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'procrastinate\\_%'
        AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP FUNCTION ' || name || ' CASCADE'; END LOOP;
    FOR name IN SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c')
        AND typnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TYPE IF EXISTS ' || quote_ident(name) || ' CASCADE'; END LOOP;
END $$
"""


def make_job_tables(connection: Connection, statements: str) -> None:
    """Makes the tables of the queue of jobs, unless they are there. Those of another version of it are replaced.

    Raises StateError if workers of the other version are alive.
    """
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101
    mark = f"watcher {hashlib.sha256(statements.encode()).hexdigest()[:16]}"
    found = driver.execute(
        "SELECT to_regclass('procrastinate_jobs') IS NOT NULL, obj_description(to_regclass('procrastinate_jobs'))"
    ).fetchone()
    if found == (True, mark):
        return
    if found[0]:
        if driver.execute("SELECT 1 FROM workers WHERE valid_until > clock_timestamp()").fetchone():
            raise StateError("workers with another version of procrastinate are alive; stop them all, then start again")
        driver.execute(_DROP_JOB_TABLES)
    driver.execute(statements)
    driver.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{mark}'")
