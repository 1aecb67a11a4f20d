"""Decides which pages of a host are read although their bytes exclude a match: a sample, which shows walls."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

TRUSTED_AFTER = 8
"""Pages in a row that must be articles before pages of a host are left out."""
EACH = 8
"""One page of so many is read all the same."""
_MOST_HOSTS = 5_000


@dataclass(slots=True)
class _Host:
    """`articles`: the last pages that were read in a row, all articles; `left_out`: pages since the last sample."""

    articles: int = 0
    left_out: int = 0


class HostSamples:
    """What the last pages of each host were, for the hosts that were seen last."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def is_due(self, host: str) -> bool:
        """Returns whether the next page of a host must be read; then the ones after it need not be."""
        known = self._hosts.get(host)
        if known is None or known.articles < TRUSTED_AFTER:
            return True
        if known.left_out + 1 < EACH:
            return False
        known.left_out = 0
        return True

    def leave_out(self, host: str) -> None:
        """Counts a page that is left out."""
        self._hosts[host].left_out += 1

    def learn(self, host: str, *, is_article: bool) -> None:
        """Takes what a page was that has been read."""
        known = self._hosts.setdefault(host, _Host())
        known.articles = known.articles + 1 if is_article else 0
        self._hosts.move_to_end(host)
        if len(self._hosts) > _MOST_HOSTS:
            self._hosts.popitem(last=False)
