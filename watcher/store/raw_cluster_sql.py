"""The statements of workers that share a state, which is on PostgreSQL, as SQL text: their tables exist there only.

Moments of holds, workers and hosts are by the clock of the server; due times are microseconds, as everywhere.
"""

from sqlalchemy import TextClause, text

# -- holds -------------------------------------------------------------------------------------------------------------

LOCK_HOLDS = text("SELECT name, holder, token FROM holds WHERE name = ANY(:names) ORDER BY name FOR SHARE")
MAKE_HOLD = text("""
    INSERT INTO holds (name, holder, token, former, free_since) VALUES (:name, NULL, 0, '', '2000-01-01')
    ON CONFLICT DO NOTHING
""")
# An open transaction under the hold keeps it locked: it is not taken then, but tried again later.
READ_HOLD = text("""
    SELECT holds.holder, holds.former, workers.valid_until > clock_timestamp() AS alive,
        extract(epoch FROM clock_timestamp() - holds.free_since) AS age
    FROM holds LEFT JOIN workers ON workers.id = holds.holder
    WHERE holds.name = :name FOR UPDATE OF holds SKIP LOCKED
""")
TAKE_HOLD = text("""
    UPDATE holds SET holder = :worker, token = token + 1 WHERE name = :name
    AND EXISTS (SELECT 1 FROM workers WHERE id = :worker AND valid_until > clock_timestamp())
    RETURNING token
""")
FREE_HOLD = text("""
    UPDATE holds SET holder = NULL, former = holder, free_since = clock_timestamp()
    WHERE name = :name AND token = :token AND holder IS NOT NULL
""")
_ABANDONED = """
    SELECT holds.name FROM holds LEFT JOIN workers ON workers.id = holds.holder
    WHERE holds.holder IS NOT NULL AND (workers.id IS NULL OR workers.valid_until <= clock_timestamp())
"""
ABANDONED_HOLDS = text(f"{_ABANDONED} ORDER BY holds.name FOR UPDATE OF holds SKIP LOCKED")
ABANDON_HOLD = text("""
    UPDATE holds SET holder = NULL, former = holder, free_since = clock_timestamp() WHERE name = :name
""")

# -- workers -----------------------------------------------------------------------------------------------------------

LOCK_WORKERS = text("LOCK TABLE workers IN SHARE ROW EXCLUSIVE MODE")
ADD_WORKER = text("""
    INSERT INTO workers (id, host, pid, roles, shards, version, config, config_at, paused, engine, started_at,
        renewed_at, aware_at, valid_until, tally)
    VALUES (:id, :host, :pid, :roles, :shards, :version, CAST(:config AS jsonb), clock_timestamp(), false, :engine,
        clock_timestamp(), clock_timestamp(), '2000-01-01', clock_timestamp() + CAST(:lease AS interval), '{}')
""")
RENEW_WORKER = text("""
    WITH renewed AS (
        UPDATE workers SET aware_at = CASE WHEN :aware THEN renewed_at ELSE aware_at END,
            renewed_at = clock_timestamp(), valid_until = clock_timestamp() + CAST(:lease AS interval),
            paused = :paused, tally = CAST(:tally AS jsonb)
        WHERE id = :id AND valid_until > clock_timestamp() RETURNING id
    )
    SELECT procrastinate_update_heartbeat_v1(:engine) FROM renewed
""")
RECONFIGURE = text("UPDATE workers SET config = CAST(:config AS jsonb), config_at = clock_timestamp() WHERE id = :id")
END_WORKER = text("DELETE FROM workers WHERE id = :id")
FREE_HOLDS_OF = text("""
    UPDATE holds SET holder = NULL, former = holder, free_since = clock_timestamp() WHERE holder = :id RETURNING name
""")
_FORGOTTEN_WORKERS = """
    FROM workers WHERE valid_until < clock_timestamp() - interval '1 hour'
    AND NOT EXISTS (SELECT 1 FROM holds WHERE holder = workers.id)
"""
FORGET_WORKERS = text(f"DELETE {_FORGOTTEN_WORKERS}")
WORKERS = text("""
    SELECT workers.*, valid_until > clock_timestamp() AS alive, ARRAY(
        SELECT name FROM holds WHERE holder = workers.id ORDER BY name) AS holds
    FROM workers ORDER BY started_at, id
""")
LIVING = text("""
    SELECT id, host, pid, roles, shards, config, config_at, paused FROM workers WHERE valid_until > clock_timestamp()
""")

# -- shards ------------------------------------------------------------------------------------------------------------

_FEEDS_WITHOUT_SHARD = """
    SELECT id, coalesce(nullif(moved_to, ''), url) AS url FROM feeds WHERE active AND shard IS NULL
"""
FEEDS_WITHOUT_SHARD = text(f"{_FEEDS_WITHOUT_SHARD} ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED")
_ENTRIES_WITHOUT_SHARD = "SELECT id, link AS url FROM entries WHERE state <> 'done' AND shard IS NULL"
ENTRIES_WITHOUT_SHARD = text(f"{_ENTRIES_WITHOUT_SHARD} ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED")
_REVISITS_WITHOUT_SHARD = """
    SELECT revisits.document AS id, documents.url FROM revisits JOIN documents ON documents.number = revisits.document
    WHERE revisits.due_at IS NOT NULL AND revisits.shard IS NULL
"""
REVISITS_WITHOUT_SHARD = text(f"{_REVISITS_WITHOUT_SHARD} ORDER BY 1 LIMIT :most FOR UPDATE OF revisits SKIP LOCKED")
SET_FEED_SHARD = text("UPDATE feeds SET shard = :shard WHERE id = :id")
SET_ENTRY_SHARD = text("UPDATE entries SET shard = :shard WHERE id = :id")
SET_REVISIT_SHARD = text("UPDATE revisits SET shard = :shard WHERE document = :id")
WORK_OF_SHARDS = text("""
    SELECT (SELECT count(*) FROM feeds WHERE active AND shard = ANY(:shards)) AS feeds,
        (SELECT count(*) FROM entries WHERE state = 'pending' AND shard = ANY(:shards)) AS entries
""")
SHARD_COUNT = text("SELECT token FROM holds WHERE name = 'shards'")
NOTE_SHARD_COUNT = text("""
    INSERT INTO holds (name, holder, token, former, free_since) VALUES ('shards', NULL, :shards, '', clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET token = excluded.token
""")
FORGET_SHARDS = (
    text("UPDATE feeds SET shard = NULL WHERE shard IS NOT NULL"),
    text("UPDATE entries SET shard = NULL WHERE state <> 'done' AND shard IS NOT NULL"),
    text("UPDATE revisits SET shard = NULL WHERE shard IS NOT NULL"),
)
VOID_FEEDS = text("UPDATE feeds SET lease_until = NULL WHERE shard = :shard AND lease_until IS NOT NULL")
VOID_ENTRIES = text("""
    UPDATE entries SET state = 'pending', lease_until = NULL WHERE shard = :shard AND state = 'claimed'
""")
VOID_REVISITS = text("UPDATE revisits SET lease_until = NULL WHERE shard = :shard AND lease_until IS NOT NULL")

# -- due work ----------------------------------------------------------------------------------------------------------

_DUE_ENTRIES = """
    EXISTS (SELECT 1 FROM entries WHERE entries.shard = wanted.shard AND state = 'pending' AND due_at <= :now)
"""
_DUE_FEEDS = """
    EXISTS (
        SELECT 1 FROM feeds
        WHERE feeds.shard = wanted.shard AND active AND lease_until IS NULL AND next_poll_at <= :now
    )
"""
_DUE_REVISITS = """
    EXISTS (
        SELECT 1 FROM revisits JOIN documents ON documents.number = revisits.document
        WHERE revisits.shard = wanted.shard AND revisits.due_at <= :now AND documents.written_at IS NOT NULL
        AND (revisits.lease_until IS NULL OR revisits.lease_until <= :now)
    )
"""
_DUE_OF_SHARD = f"({_DUE_ENTRIES} OR {_DUE_FEEDS} OR (:revisits AND {_DUE_REVISITS}))"
_DUE_CHANNELS = """
    SELECT channel FROM deliveries WHERE state = 'pending' AND due_at <= :now AND NOT EXISTS (
        SELECT 1 FROM channels WHERE channels.name = channel AND (parked_at IS NOT NULL OR paused_until > :now)
    )
    UNION
    SELECT channel FROM deliveries WHERE state = 'held' AND (release_at <= :now OR kind = 'summary')
"""
_MISSING_FILE = "EXISTS (SELECT 1 FROM documents WHERE written_at IS NULL)"
DUE_SHARDS = text(f"SELECT shard FROM unnest(CAST(:shards AS integer[])) AS wanted (shard) WHERE {_DUE_OF_SHARD}")
DUE_CHANNELS = text(_DUE_CHANNELS)
IS_A_FILE_MISSING = text(f"SELECT {_MISSING_FILE}")


def _locking_holds_with(due: str) -> TextClause:
    """Locks the holds of those of the shards in which something is due, as LOCK_HOLDS does."""
    return text(f"""
        SELECT wanted.shard, holds.holder, holds.token FROM unnest(CAST(:shards AS integer[])) AS wanted (shard)
        JOIN holds ON holds.name = 'fetch ' || wanted.shard WHERE {due} ORDER BY holds.name FOR SHARE OF holds
    """)


LOCK_HOLDS_WITH_FEEDS = _locking_holds_with(_DUE_FEEDS)
LOCK_HOLDS_WITH_ENTRIES = _locking_holds_with(_DUE_ENTRIES)
LOCK_HOLDS_WITH_REVISITS = _locking_holds_with(_DUE_REVISITS)

# -- the engine's jobs -------------------------------------------------------------------------------------------------

# The table is procrastinate's own: deferring through its API would abort our transaction where the job is queued
# already. tests/cluster/test_fencing.py tests the statement with its schema.
DEFER_JOB = text("""
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    SELECT :queue, :task, :name, :name, CAST(:args AS jsonb)
    WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE lock = :name AND status IN ('todo', 'doing'))
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
""")
COUNT_JOBS = text("""
    SELECT queue_name, count(*) AS jobs, count(*) FILTER (WHERE status = 'todo') AS waiting
    FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY queue_name
""")

# -- hosts whose pace several workers share ----------------------------------------------------------------------------

SHARE_HOST = text("""
    INSERT INTO shared_hosts (host, shard, since, shared_until, next_at)
    VALUES (:host, :shard, 'infinity', clock_timestamp() + CAST(:keep AS interval), 'infinity')
    ON CONFLICT (host) DO UPDATE SET
        since = CASE WHEN shared_hosts.shared_until <= clock_timestamp() THEN excluded.since
            ELSE shared_hosts.since END,
        next_at = CASE WHEN shared_hosts.shared_until <= clock_timestamp() THEN excluded.next_at
            ELSE shared_hosts.next_at END,
        shared_until = excluded.shared_until
""")
# In a later transaction than SHARE_HOST: a worker that looks from `since` on sees the row.
BEGIN_SHARING = text("UPDATE shared_hosts SET since = clock_timestamp() WHERE host = :host AND since = 'infinity'")
# All know that the host is shared: its shard has no living holder, or that one has looked since.
OPEN_SHARED_HOST = text("""
    UPDATE shared_hosts SET next_at = clock_timestamp() + CAST(:pause AS interval)
    WHERE host = :host AND next_at = 'infinity' AND NOT EXISTS (
        SELECT 1 FROM holds JOIN workers ON workers.id = holds.holder
        WHERE holds.name = :hold AND workers.valid_until > clock_timestamp() AND workers.aware_at <= shared_hosts.since
    )
""")
TAKE_TURN = text("""
    UPDATE shared_hosts SET next_at = clock_timestamp() + CAST(:reserved AS interval)
    WHERE host = :host AND next_at <= clock_timestamp() RETURNING host
""")
WAIT_FOR_TURN = text("""
    SELECT extract(epoch FROM least(next_at, clock_timestamp() + interval '1 hour') - clock_timestamp()) AS seconds
    FROM shared_hosts WHERE host = :host
""")
NOTE_START = text("""
    UPDATE shared_hosts SET next_at = clock_timestamp() + CAST(:pause AS interval) WHERE host = :host
""")
SHARED_HOSTS = text("SELECT host FROM shared_hosts WHERE shared_until > clock_timestamp()")
_FORGOTTEN_HOSTS = "FROM shared_hosts WHERE shared_until < clock_timestamp() - interval '1 hour'"
FORGET_SHARED_HOSTS = text(f"DELETE {_FORGOTTEN_HOSTS}")

# -- one sweep at a time -----------------------------------------------------------------------------------------------

# All that a sweep looks for, in one statement: nearly always there is nothing.
_WITHOUT_JOB = "NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock = {})"
_IDLE_SHARDS = f"""
    SELECT shard FROM generate_series(0, CAST(:count AS integer) - 1) AS wanted (shard)
    WHERE {_WITHOUT_JOB.format("'fetch ' || wanted.shard")} AND {_DUE_OF_SHARD} ORDER BY shard
"""
IDLE_SHARDS = text(_IDLE_SHARDS)
LOOK_AROUND = text(f"""
    SELECT pg_try_advisory_xact_lock(:key) AS is_alone,
        EXISTS ({_ABANDONED}) AS abandoned,
        EXISTS ({_FEEDS_WITHOUT_SHARD}) OR EXISTS ({_ENTRIES_WITHOUT_SHARD}) OR EXISTS ({_REVISITS_WITHOUT_SHARD})
            AS unassigned,
        EXISTS (SELECT 1 {_FORGOTTEN_WORKERS}) OR EXISTS (SELECT 1 {_FORGOTTEN_HOSTS}) AS outdated,
        EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat < now() - CAST(:lease AS interval))
            OR EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL) AS stalled,
        ARRAY({_IDLE_SHARDS}) AS shards,
        ARRAY(
            SELECT channel FROM ({_DUE_CHANNELS}) AS due WHERE {_WITHOUT_JOB.format("'deliver ' || channel")} ORDER BY 1
        ) AS channels,
        {_WITHOUT_JOB.format("'archive'")} AND {_MISSING_FILE} AS archive
""")
