"""The JSON form of coverage, for `coverage` and the pages. Programs depend on its keys, so they stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from watcher.inquiry.coverage import CoverageReport, FeedCoverage
from watcher.store.queries.coverage import CoverageCounts


def report_json(found: CoverageReport) -> dict[str, object]:
    """Converts a report."""
    return {
        "since": found.since,
        "until": found.until,
        "feeds": [feed_coverage_json(each) for each in found.feeds],
        "total": _sum_json(counts for each in found.feeds for counts in each.days.values()),
    }


def feed_coverage_json(each: FeedCoverage) -> dict[str, object]:
    """Converts the coverage of one feed."""
    return {
        "feed": each.feed,
        "silent_since": each.silent_since,
        **_sum_json(each.days.values()),
        "days": [{"day": day.isoformat(), **_counts_json(counts)} for day, counts in each.days.items()],
    }


def _counts_json(counts: CoverageCounts) -> dict[str, float]:
    numbers: dict[str, float] = asdict(counts)
    seconds = numbers.pop("seconds_lost")
    return {**numbers, "hours_without_contact": round(seconds / 3600, 2)}


def _sum_json(days: Iterable[CoverageCounts]) -> dict[str, float]:
    """The counts of several days; the rounded hours of the days add up to its own."""
    days = list(days)
    hours = sum(float(_counts_json(day)["hours_without_contact"]) for day in days)
    return {**_counts_json(CoverageCounts.sum(days)), "hours_without_contact": round(hours, 2)}
