"""The statements that are SQL text, each group with its reason. All others are SQLAlchemy Core, made once at import.

Their moments are microseconds and their days are days since 1970, as `dialect` converts them.
"""

from watcher.store.dialect import DriverSql

# At every poll, with eleven values: SQLAlchemy takes 58 µs for it, SQLite 20. Here and below: a feed that is due at
# another moment than when it was claimed was made due during its poll, and stays so.
RECORD_POLL = DriverSql("""
    UPDATE feeds SET lease_until = NULL, poll_state = ?,
        next_poll_at = CASE WHEN next_poll_at = coalesce(?, next_poll_at) THEN ? ELSE next_poll_at END,
        last_error = ?, last_polled_at = ?, failing_since = ?, last_success_at = ?, listed_on = ?, moved_to = ?,
        title = ?
    WHERE id = ?
""")

# At each start for all feeds: SQLAlchemy takes 0.2 s longer to make its rows of 100,000.
ACTIVE_FEEDS = DriverSql("SELECT name, url FROM feeds WHERE active")

# Once per row, by the dozen: SQLAlchemy takes 18 µs for a row, SQLite 3.
SETTLE_QUIET_POLL = DriverSql("""
    UPDATE feeds SET lease_until = NULL, poll_state = ?,
        next_poll_at = CASE WHEN next_poll_at = coalesce(?, next_poll_at) THEN ? ELSE next_poll_at END,
        last_polled_at = ?, last_success_at = ?, failing_since = NULL, last_error = ''
    WHERE id = ? AND coalesce(nullif(moved_to, ''), url) = ?
""")
RELEASE_MOVED_FEED = DriverSql("""
    UPDATE feeds SET lease_until = NULL
    WHERE id = ? AND coalesce(nullif(moved_to, ''), url) <> ? AND lease_until IS NOT NULL
""")
INSERT_ENTRY = DriverSql("""
    INSERT INTO entries (id, feed_id, due_at, seen_at, in_first_poll, turn, link, link_key, title, content_hash,
        changed, state, attempts, times_ingested, outcome, reason, final_url)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0, '', '', '')
""")
INSERT_ENTRY_OF_SHARD = DriverSql("""
    INSERT INTO entries (id, feed_id, due_at, seen_at, in_first_poll, turn, link, link_key, title, content_hash,
        changed, shard, state, attempts, times_ingested, outcome, reason, final_url)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0, '', '', '')
""")
INSERT_PAYLOAD = DriverSql("INSERT INTO words (entry, words) VALUES (?, ?)")
INSERT_KEY = DriverSql("INSERT INTO known (key, entry_id, feed_id, seen_on) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")

# Once per poll and once per end of an entry.
COUNT_QUIET_POLL = DriverSql("""
    INSERT INTO coverage (feed_id, day, polls, seconds_lost, failures, known, new, page, feed_only, walls, paywalls,
        robots, errors, rolled_over)
    VALUES (?, ?, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ON CONFLICT (feed_id, day) DO UPDATE
    SET polls = coverage.polls + 1, seconds_lost = coverage.seconds_lost + excluded.seconds_lost
""")
COUNT_COVERAGE = DriverSql("""
    INSERT INTO coverage AS old (feed_id, day, polls, failures, known, new, page, feed_only, walls, paywalls, robots,
        errors, rolled_over, seconds_lost)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (feed_id, day) DO UPDATE SET
        polls = old.polls + excluded.polls, failures = old.failures + excluded.failures,
        known = old.known + excluded.known, new = old.new + excluded.new, page = old.page + excluded.page,
        feed_only = old.feed_only + excluded.feed_only, walls = old.walls + excluded.walls,
        paywalls = old.paywalls + excluded.paywalls, robots = old.robots + excluded.robots,
        errors = old.errors + excluded.errors, rolled_over = old.rolled_over + excluded.rolled_over,
        seconds_lost = old.seconds_lost + excluded.seconds_lost
""")
INSERT_UNREAD = DriverSql("INSERT INTO unread_entries (entry, day, coverage) VALUES (?, ?, 'waiting')")
FIND_WAITING = DriverSql(
    """
    SELECT unread_entries.entry, entries.feed_id, unread_entries.day FROM json_each(?) AS ended
    CROSS JOIN unread_entries ON unread_entries.entry = ended.value AND unread_entries.coverage = 'waiting'
    JOIN entries ON entries.id = unread_entries.entry
    """,
    postgresql="""
    SELECT unread_entries.entry, entries.feed_id, unread_entries.day
    FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS ended (value)
    JOIN unread_entries ON unread_entries.entry = CAST(ended.value AS bigint) AND unread_entries.coverage = 'waiting'
    JOIN entries ON entries.id = unread_entries.entry
    """,
)
KEEP_UNREAD = DriverSql("UPDATE unread_entries SET coverage = ? WHERE entry = ?")
DROP_READ = DriverSql(
    """
    DELETE FROM unread_entries WHERE entry IN (SELECT value FROM json_each(?))
    RETURNING (SELECT feed_id FROM entries WHERE entries.id = unread_entries.entry), day, coverage
    """,
    postgresql="""
    DELETE FROM unread_entries USING jsonb_array_elements_text(CAST(? AS jsonb)) AS ended (value), entries
    WHERE unread_entries.entry = CAST(ended.value AS bigint) AND entries.id = unread_entries.entry
    RETURNING entries.feed_id, unread_entries.day, unread_entries.coverage
    """,
)
FIND_ENTRY_DATES = DriverSql(
    """
    SELECT entry_dates.entry, entry_dates.day, entry_dates.date FROM json_each(?) AS ended
    CROSS JOIN entry_dates ON entry_dates.entry = ended.value
    """,
    postgresql="""
    SELECT entry_dates.entry, entry_dates.day, entry_dates.date
    FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS ended (value)
    JOIN entry_dates ON entry_dates.entry = CAST(ended.value AS bigint)
    """,
)
KEEP_ENTRY_DATE = DriverSql("""
    INSERT INTO entry_dates (entry, day, date) VALUES (?, ?, ?)
    ON CONFLICT (entry) DO UPDATE SET day = excluded.day, date = excluded.date
""")
COUNT_ARTICLES = DriverSql("""
    INSERT INTO article_counts AS old (day, date, articles) VALUES (?, ?, ?)
    ON CONFLICT (day, date) DO UPDATE SET articles = old.articles + excluded.articles
""")

# One statement for the paragraphs of several pages: SQLAlchemy compiles an insertion of several rows again each time.
COUNT_PARAGRAPHS = DriverSql(
    """
    INSERT INTO repeats (seen_on, host, last_page, paragraph, pages)
    SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), 1
    FROM json_each(?) WHERE true
    ON CONFLICT (host, paragraph) DO UPDATE
    SET pages = pages + (last_page <> excluded.last_page), last_page = excluded.last_page, seen_on = excluded.seen_on
    RETURNING host, paragraph, pages
    """,
    postgresql="""
    INSERT INTO repeats AS old (seen_on, host, last_page, paragraph, pages)
    SELECT CAST(? AS integer), value ->> 0, CAST(value ->> 1 AS bigint), CAST(value ->> 2 AS bigint), 1
    FROM jsonb_array_elements(CAST(? AS jsonb)) AS shown (value)
    ON CONFLICT (host, paragraph) DO UPDATE
    SET pages = old.pages + CAST(old.last_page <> excluded.last_page AS integer), last_page = excluded.last_page,
        seen_on = excluded.seen_on
    RETURNING host, paragraph, pages
    """,
)

# The parameter: channel -> the release time, in microseconds, before which a delivery is too old. CROSS JOIN makes
# SQLite go through the index channel by channel.
TOO_OLD = DriverSql(
    """
    SELECT deliveries.sequence FROM json_each(?) AS oldest
    CROSS JOIN deliveries ON deliveries.state = 'pending' AND deliveries.channel = oldest.key
    WHERE deliveries.release_at <= oldest.value
        AND oldest.key NOT IN (SELECT name FROM channels WHERE parked_at IS NOT NULL)
    """,
    postgresql="""
    SELECT deliveries.sequence FROM jsonb_each_text(CAST(? AS jsonb)) AS oldest (key, value)
    JOIN deliveries ON deliveries.state = 'pending' AND deliveries.channel = oldest.key
    WHERE deliveries.release_at <= CAST(oldest.value AS bigint)
        AND oldest.key NOT IN (SELECT name FROM channels WHERE parked_at IS NOT NULL)
    """,
)
