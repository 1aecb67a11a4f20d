"""The forms of SQL that queries share."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, create_engine, literal, select

from watcher.store.dialect import seconds


@pytest.mark.parametrize(
    "moment", [0, 1, -1, 999_999, 1_000_000, -1_000_000, -1_000_001, 1_770_000_000_123_456, -62_000_000_000_000_001]
)
def test_seconds_are_rounded_down(moment: int) -> None:
    """Before 1970 too; an unknown moment stays unknown."""
    with create_engine("sqlite://").begin() as connection:
        found: list[int | None] = [
            connection.execute(select(seconds(literal(value, BigInteger)))).scalar_one() for value in (moment, None)
        ]
    assert found == [moment // 1_000_000, None]
