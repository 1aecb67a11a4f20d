"""The values of a source that discovery reads. Light to import: the daemon needs them, but parses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.feeds.discover import PageLinks

MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed or news sitemap that was read. `newest_at`: its latest time of publication.

    `listed`: keys of its first entries, equal for the same article in another source. `text`: the characters of text
    that an entry has on average. `comments`: its title or address says that it holds comments.
    """

    format: str
    title: str
    language: str
    entries: int
    newest_at: datetime | None
    listed: frozenset[int]
    text: int
    comments: bool
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """The result of reading an answer: a source, or the `problem` that it is none, and what the answer leads to.

    `sitemaps`: those of an index that are worth reading; `more`: how many others it lists.
    """

    source: Source | None = None
    page: PageLinks | None = None
    sitemaps: tuple[str, ...] = ()
    more: int = 0
    problem: str = ""


def joined_source(sources: Sequence[Source]) -> Source:
    """Returns what an index of sitemaps is as one source, given at least one of its sitemaps."""
    languages = {source.language for source in sources if source.language}
    listed = frozenset().union(*(source.listed for source in sources))
    return replace(
        sources[0],
        title=next((source.title for source in sources if source.title), ""),
        language=languages.pop() if len(languages) == 1 else "",
        entries=max(len(listed), *(source.entries for source in sources)),
        newest_at=max((source.newest_at for source in sources if source.newest_at), default=None),
        listed=listed,
    )
