"""`coverage`: shows what was read and what was not, per feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from watcher.cli.moments import moment_of
from watcher.cli.shell import Shell, command, counted, pass_shell, print_json, print_message, print_table
from watcher.cli.state import state_of
from watcher.config import Config
from watcher.inquiry.coverage import CoverageReport, FeedCoverage, report
from watcher.inquiry.coverage_json import report_json
from watcher.store.queries.coverage import CoverageCounts

_COLUMNS = ("feed", "polls", "listed", "read", "%", "remarks")
_NUMBERS = _COLUMNS[1:5]


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "coverage")
    @click.option(
        "--since",
        default="7d",
        show_default=True,
        help='Since then: a duration such as "7d", a date, or a time in ISO 8601. Its day counts as a whole.',
    )
    @click.option("--feed", help="Only of this feed.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object, also with the counts of each day.")
    @pass_shell
    def coverage(shell: Shell, since: str, feed: str | None, as_json: bool) -> None:
        """Shows for each feed how many entries it listed, how many were read from their page, and why others were not.

        Each entry counts once, on the day on which its feed named it first. Entries that another feed had brought are
        "known" and not read again. Counts are kept for a year.
        """
        config = shell.config()
        now = datetime.now(UTC).replace(microsecond=0)
        try:
            moment = moment_of(since, timezone=config.corpus.timezone, now=now)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        found = _report(config, feed, moment, now)
        if as_json:
            print_json(report_json(found))
            return
        print_table(_COLUMNS, map(_cells, found.feeds), right=_NUMBERS)
        print_message(_sentence(found.total, len(found.feeds), moment.astimezone()))


def _report(config: Config, feed: str | None, since: datetime, now: datetime) -> CoverageReport:
    names = [each.name for each in config.feeds]
    with state_of(config) as store:
        return report(store, names, since=since, until=now, timezone=config.corpus.timezone, feed=feed)


def _cells(each: FeedCoverage) -> tuple[str, ...]:
    counts = each.counts
    share = f"{100 * counts.page / counts.new:.0f}" if counts.new else "–"
    remarks = ", ".join(_remarks(counts))
    if each.silent_since:
        since = f"silent since {each.silent_since.astimezone():%Y-%m-%d %H:%M}"
        remarks = f"{since}; {remarks}" if remarks else since
    return each.feed, str(counts.polls), str(counts.listed), str(counts.page), share, remarks


def _remarks(counts: CoverageCounts) -> Iterator[str]:
    """Yields each count that is not 0, in words."""
    remarks = {
        f"{counts.known} known": counts.known,
        f"{counts.feed_only} without page": counts.feed_only,
        counted(counts.walls, "wall"): counts.walls,
        counted(counts.paywalls, "paywall"): counts.paywalls,
        f"{counts.robots} forbidden by robots.txt": counts.robots,
        counted(counts.errors, "error"): counts.errors,
        f"{counts.waiting} waiting": counts.waiting,
        f"about {counts.rolled_over} rolled over": counts.rolled_over,
        counted(counts.failures, "failed poll"): counts.failures,
        f"{counts.seconds_lost / 3600:.1f} h without contact": counts.seconds_lost >= 360,
    }
    yield from (words for words, number in remarks.items() if number)


def _sentence(total: CoverageCounts, feeds: int, since: datetime) -> str:
    share = f" ({100 * total.page / total.new:.1f} %)" if total.new else ""
    return (
        f"since {since:%Y-%m-%d %H:%M}: {counted(feeds, 'feed')}, {counted(total.polls, 'poll')}, "
        f"{counted(total.listed, 'entry')} listed, {total.known} known, {total.page} of {total.new} read{share}"
    )
