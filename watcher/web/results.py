"""Keeps the results of actions for the page that the browser loads next, under names that nobody can guess."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an action: an English text with values for its places, and the page that shows it."""

    page: str
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)


class Results:
    """The last results, in memory only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Outcome] = OrderedDict()

    def keep(self, outcome: Outcome) -> str:
        """Keeps a result and returns the address that shows it."""
        key = secrets.token_urlsafe(12)
        self._kept[key] = outcome
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return f"{outcome.page}{'&' if '?' in outcome.page else '?'}result={key}"

    def find(self, key: str) -> Outcome | None:
        """Returns a result, None for an unknown or an old name."""
        return self._kept.get(key)
