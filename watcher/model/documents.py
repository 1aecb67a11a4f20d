"""Documents and stories: their numbers, and documents that share text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from watcher.model.dates import PartialDate

DocumentNumber = NewType("DocumentNumber", int)
DocumentId = NewType("DocumentId", str)
StoryId = NewType("StoryId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A document that shares fingerprints with a new one.

    `document`: its number; `shared`: how many they share; `size`: how many the document has.
    """

    document: int
    story: StoryId
    shared: int
    size: int
    date: PartialDate | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """The reservations that a page declares, "" where it declares none.

    `robots`: directives for robots, such as "noarchive, nosnippet", or DISALLOWED. `tdm_reservation`: "1" if text and
    data mining is reserved, "0" if it is not; `tdm_policy`: the address of its terms.
    """

    robots: str = ""
    tdm_reservation: str = ""
    tdm_policy: str = ""


NO_RIGHTS = Rights()
"""Those of a page that declares none."""

RIGHTS_HEADERS = ("x-robots-tag", "tdm-reservation", "tdm-policy")
"""The header fields that declare rights."""

DISALLOWED = "disallowed by robots.txt"
"""The robots directive of a page that was not fetched: the text of the document is that of the feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """The bytes of a document's page as they were received, without cookies and credentials.

    `request_head` and `response_head` are the request and status lines with the headers; `body` is encoded as
    `Content-Encoding` says. `url` is the address of the page, after redirects.
    """

    url: str
    fetched_at: datetime
    request_head: bytes = field(repr=False)
    response_head: bytes = field(repr=False)
    body: bytes = field(repr=False)
