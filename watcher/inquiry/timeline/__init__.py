"""The timeline: matches per day, week or month and watch, as a value, as CSV and as SVG."""

from watcher.inquiry.timeline.answer import Step, Timeline, TimelineRow, Undated, timeline_of
from watcher.inquiry.timeline.svg import to_svg
from watcher.inquiry.timeline.table import to_csv, to_plain

__all__ = ["Step", "Timeline", "TimelineRow", "Undated", "timeline_of", "to_csv", "to_plain", "to_svg"]
