"""The documents for the index of their words: which there are, and whether they are still as they were indexed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, func, select, type_coerce

from watcher.store import schema

_ROWS, _MATCHES = schema.documents.c, schema.matches.c
_RECORDED = type_coerce(_ROWS.recorded_at, BigInteger)
_MATCHES_OF = select(func.count()).where(_MATCHES.document == _ROWS.number).scalar_subquery()
_VERSIONS = (
    select(_ROWS.number, _RECORDED, _MATCHES_OF)
    .where(_ROWS.number > bindparam("after"))
    .order_by(_ROWS.number)
    .limit(bindparam("limit"))
)
_ABOVE = select(_ROWS.number).where(_ROWS.number > bindparam("after")).order_by(_ROWS.number)
_DOCUMENTS = select(func.count()).select_from(schema.documents)
_ALL_MATCHES = select(func.count()).select_from(schema.matches)
_LAST = select(_RECORDED).where(_ROWS.number == bindparam("highest"))


class DocumentVersion(NamedTuple):
    """A document, when it was recorded, in microseconds since 1970, and how many watches it matched."""

    number: int
    recorded: int
    matches: int


class Tally(NamedTuple):
    """How many documents and matches there are up to a number, and when its document was recorded, 0 without one."""

    documents: int
    matches: int
    recorded: int


def versions(tx: Connection, *, after: int, limit: int) -> list[DocumentVersion]:
    """Returns the documents above a number, lowest first."""
    return [DocumentVersion(*row) for row in tx.execute(_VERSIONS, {"after": after, "limit": limit})]


def numbers_above(tx: Connection, after: int) -> Sequence[int]:
    """Returns the numbers of the documents above a number, lowest first."""
    return tx.execute(_ABOVE, {"after": after}).scalars().all()


def tally(tx: Connection, *, highest: int) -> Tally:
    """Counts the documents up to a number, and their matches: all less the few above."""
    above = {"highest": highest}
    documents = tx.execute(_DOCUMENTS).scalar_one()
    documents -= tx.execute(_DOCUMENTS.where(_ROWS.number > bindparam("highest")), above).scalar_one()
    matches = tx.execute(_ALL_MATCHES).scalar_one()
    matches -= tx.execute(_ALL_MATCHES.where(_MATCHES.document > bindparam("highest")), above).scalar_one()
    return Tally(documents=documents, matches=matches, recorded=tx.execute(_LAST, above).scalar() or 0)
