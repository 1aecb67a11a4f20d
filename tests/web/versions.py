"""A later version of a document, put into the state as a visit of its page would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from tests.web.conftest import Site
from watcher.model import Change, RevisionClass, Track
from watcher.store import editing
from watcher.store.commands import revisits
from watcher.store.commands.revisits import NO_VALIDATORS, RecordedVersion, RevisitEnd


def record_version(site: Site, number: int, *, old: str, new: str, added: str) -> None:
    """Records that a paragraph became another, and that one was added."""
    now = datetime.now(UTC)
    version = RecordedVersion(
        version=1,
        title="Neuer <Titel>",
        text=f"Neuer <Titel>\n\n{new}",
        classes=(RevisionClass.NUMBERS, RevisionClass.GONE),
        changes=(Change(before=old, after=new), Change(before=None, after=added)),
        passages=(),
        seen_at=now,
        modified_at=now,
        admitted=True,
    )

    def record(tx: Connection) -> None:
        revisits.plan(tx, number, NO_VALIDATORS, due_at=now, now=now)
        (claimed,) = revisits.claim(tx, now=now, limit=1, lease=timedelta(hours=1))
        track = Track(base=None, base_seen_at=now)
        assert revisits.settle(tx, claimed, RevisitEnd(track=track, due_at=None, version=version), now=now)

    with editing(site.program.folder / "state" / "watcher.db") as state:
        state.run(record)
