"""Makes the keys by which two versions of a text are equal, or equal but for punctuation and date lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from watcher.corpus.revisions.words import substance
from watcher.model import PartialDate, VersionText

LONGEST_TEXT = 500_000
"""Characters of a body; the text of a longer one is not compared."""


def version_text(
    title: str,
    body: str,
    *,
    extractor: str = "",
    modified_on: PartialDate | None = None,
    modified_at: datetime | None = None,
) -> VersionText:
    """Makes a version's text with its keys; a body that begins with the title loses it there.

    `substance` ignores white space, punctuation, paragraphs and date lines.
    """
    body = "" if body == title else body.removeprefix(f"{title}\n\n")
    words = (" ".join(substance(part)) for part in body.split("\n\n"))
    return VersionText(
        title=title,
        body=body,
        extractor=extractor,
        exact=_hash((title, body)),
        substance=_hash((" ".join(substance(title)), " ".join(filter(None, words)))),
        modified_on=modified_on,
        modified_at=modified_at,
    )


def paragraphs_of(version: VersionText) -> list[str]:
    """Returns the paragraphs of the body."""
    return [part for part in version.body.split("\n\n") if part.strip()]


def _hash(parts: Iterable[str]) -> int:
    joined = "\0".join(parts).encode(errors="replace")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), signed=True)
