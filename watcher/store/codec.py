"""The JSON form in which the state keeps values. Each kind of value is serialised here and nowhere else."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Sequence

from pydantic import ValidationError

from watcher.json_type import JsonType
from watcher.log import event
from watcher.model import Change, Entry, Hit, Track

log = logging.getLogger(__name__)

_ENTRY = JsonType(Entry)
_HITS = JsonType(tuple[Hit, ...])
_TRACK = JsonType(Track)
_CHANGES = JsonType(tuple[Change, ...])


def dump_entry(entry: Entry) -> str:
    """Serialises an entry."""
    return _ENTRY.dump_json(entry).decode()


def load_entry(payload: str | None, *, link: str, title: str) -> Entry:
    """Reads an entry back. Without a payload, which retention deletes, only link and title are left of it.

    A payload that does not describe an entry is logged and treated in the same way: it must not block all others.
    """
    if payload is None:
        return Entry(id="", link=link, title=title)
    try:
        return _ENTRY.validate_json(payload)
    except ValidationError:
        log.exception("the stored entry %s cannot be read", link, extra=event("bug", where="store", url=link))
        return Entry(id="", link=link, title=title)


def dump_hits(hits: tuple[Hit, ...]) -> str:
    """Serialises the hits of a match."""
    return _HITS.dump_json(hits).decode()


def load_hits(payload: str) -> tuple[Hit, ...]:
    """Reads the hits of a match back."""
    return _HITS.validate_json(payload)


def pack_days(days: Sequence[Sequence[int]]) -> bytes:
    """Compresses the counts of days, each with the number of its day first."""
    return zlib.compress(json.dumps([list(day) for day in days], separators=(",", ":")).encode(), 9)


def unpack_days(packed: bytes) -> list[list[int]]:
    """Reads the counts of days back."""
    days: list[list[int]] = json.loads(zlib.decompress(packed))
    return days


def pack_track(track: Track) -> bytes:
    """Compresses what is known of a page."""
    return zlib.compress(_TRACK.dump_json(track, exclude_defaults=True))


def unpack_track(packed: bytes) -> Track:
    """Reads a track back."""
    return _TRACK.validate_json(zlib.decompress(packed))


def dump_changes(changes: tuple[Change, ...]) -> str:
    """Serialises the changes of a revision."""
    return _CHANGES.dump_json(changes).decode()


def load_changes(payload: str) -> tuple[Change, ...]:
    """Reads the changes of a revision back."""
    return _CHANGES.validate_json(payload)


def pack_text(text: str) -> bytes:
    """Compresses a text."""
    return zlib.compress(text.encode())


def unpack_text(packed: bytes) -> str:
    """Reads a text back."""
    return zlib.decompress(packed).decode()
