"""The names of the incidents of a feed among all incidents: a kind, a space and the feed's name."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ColumnElement, exists, literal, select

from watcher.store import schema


class FeedIncident(StrEnum):
    """The kinds of incidents of a feed. `SILENT` lasts since the last new entry."""

    ROLLED_OVER = "rolled over"
    SILENT = "silent"
    UNREAD = "unread"

    def of(self, feed: str) -> str:
        """Returns the name of this incident of a feed."""
        return f"{self.value} {feed}"

    def name_column(self) -> ColumnElement[str]:
        """The name of this incident of a row of `feeds`."""
        return literal(f"{self.value} ") + schema.feeds.c.name

    def is_open(self) -> ColumnElement[bool]:
        """Whether a row of `feeds` has this incident."""
        return exists(select(schema.incidents.c.name).where(schema.incidents.c.name == self.name_column()))
