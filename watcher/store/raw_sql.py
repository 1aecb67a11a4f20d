"""The statements that are SQL text, each group with its reason. All others are SQLAlchemy Core, made once at import.

Their moments are microseconds and their days are days since 1970, as `sql` converts them.
"""

from sqlalchemy import text

# At every poll, with eleven values: SQLAlchemy takes 58 µs for it, SQLite 20. Here and below: a feed that is due at
# another moment than when it was claimed was made due during its poll, and stays so.
RECORD_POLL = """
    UPDATE feeds SET lease_until = NULL, poll_state = ?,
        next_poll_at = CASE WHEN next_poll_at = coalesce(?, next_poll_at) THEN ? ELSE next_poll_at END,
        last_error = ?, last_polled_at = ?, failing_since = ?, last_success_at = ?, listed_on = ?, moved_to = ?,
        title = ?
    WHERE id = ?
"""

# Once per row, by the dozen: SQLAlchemy takes 18 µs for a row, SQLite 3.
SETTLE_QUIET_POLL = """
    UPDATE feeds SET lease_until = NULL, poll_state = ?,
        next_poll_at = CASE WHEN next_poll_at = coalesce(?, next_poll_at) THEN ? ELSE next_poll_at END,
        last_polled_at = ?, last_success_at = ?, failing_since = NULL, last_error = ''
    WHERE id = ? AND coalesce(nullif(moved_to, ''), url) = ?
"""
RELEASE_MOVED_FEED = """
    UPDATE feeds SET lease_until = NULL
    WHERE id = ? AND coalesce(nullif(moved_to, ''), url) <> ? AND lease_until IS NOT NULL
"""
INSERT_ENTRY = """
    INSERT INTO entries (feed_id, due_at, seen_at, in_first_poll, turn, link, link_key, title, content_hash,
        state, attempts, times_ingested, changed, outcome, reason, final_url)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0, 0, '', '', '')
"""
LAST_ID = "SELECT last_insert_rowid()"
INSERT_PAYLOAD = "INSERT INTO words (entry, words) VALUES (?, ?)"
INSERT_KEY = "INSERT INTO known (key, entry_id, feed_id, seen_on) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"

# Once per poll and once per end of an entry.
COUNT_QUIET_POLL = """
    INSERT INTO coverage (feed_id, day, polls, seconds_lost, failures, known, new, page, feed_only, walls, paywalls,
        robots, errors, rolled_over)
    VALUES (?, ?, 1, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ON CONFLICT (feed_id, day) DO UPDATE SET polls = polls + 1, seconds_lost = seconds_lost + excluded.seconds_lost
"""
COUNT_COVERAGE = """
    INSERT INTO coverage (feed_id, day, polls, failures, known, new, page, feed_only, walls, paywalls, robots, errors,
        rolled_over, seconds_lost)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (feed_id, day) DO UPDATE SET
        polls = polls + excluded.polls, failures = failures + excluded.failures, known = known + excluded.known,
        new = new + excluded.new, page = page + excluded.page, feed_only = feed_only + excluded.feed_only,
        walls = walls + excluded.walls, paywalls = paywalls + excluded.paywalls, robots = robots + excluded.robots,
        errors = errors + excluded.errors, rolled_over = rolled_over + excluded.rolled_over,
        seconds_lost = seconds_lost + excluded.seconds_lost
"""
INSERT_UNREAD = """
    INSERT INTO unread_entries (entry, day, coverage) SELECT id, ?, 'waiting' FROM entries WHERE id BETWEEN ? AND ?
"""
FIND_UNREAD = """
    SELECT unread_entries.entry, entries.feed_id, unread_entries.day, unread_entries.coverage FROM json_each(?) AS ended
    CROSS JOIN unread_entries ON unread_entries.entry = ended.value
    JOIN entries ON entries.id = unread_entries.entry
"""
FIND_ENTRY_DATES = """
    SELECT entry_dates.entry, entry_dates.day, entry_dates.date FROM json_each(?) AS ended
    CROSS JOIN entry_dates ON entry_dates.entry = ended.value
"""
KEEP_ENTRY_DATE = """
    INSERT INTO entry_dates (entry, day, date) VALUES (?, ?, ?)
    ON CONFLICT (entry) DO UPDATE SET day = excluded.day, date = excluded.date
"""
COUNT_ARTICLES = """
    INSERT INTO article_counts (day, date, articles) VALUES (?, ?, ?)
    ON CONFLICT (day, date) DO UPDATE SET articles = articles + excluded.articles
"""
KEEP_UNREAD = "UPDATE unread_entries SET coverage = ? WHERE entry = ?"
DROP_READ = "DELETE FROM unread_entries WHERE entry = ?"

# One statement for any number of rows: SQLAlchemy compiles an insertion of several rows again each time.
COUNT_PARAGRAPHS = text("""
    INSERT INTO repeats (host, paragraph, pages, last_page, seen_on)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[2]'), 1, json_extract(value, '$[1]'), :day
    FROM json_each(:paragraphs) WHERE true
    ON CONFLICT (host, paragraph) DO UPDATE
    SET pages = pages + (last_page <> excluded.last_page), last_page = excluded.last_page, seen_on = excluded.seen_on
    RETURNING host, paragraph, pages
""")

# `since`: channel -> the release time, in microseconds, before which a delivery is too old. CROSS JOIN makes SQLite go
# through the index channel by channel.
TOO_OLD = text("""
    SELECT deliveries.sequence FROM json_each(:since) AS oldest
    CROSS JOIN deliveries ON deliveries.state = 'pending' AND deliveries.channel = oldest.key
    WHERE deliveries.release_at <= oldest.value
        AND oldest.key NOT IN (SELECT name FROM channels WHERE parked_at IS NOT NULL)
""")
