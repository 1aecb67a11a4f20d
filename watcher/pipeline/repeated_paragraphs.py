"""The paragraphs that hosts repeat on page after page, as `ingest` learns them: no part of an article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

HostParagraphs = Mapping[str, frozenset[int]]
"""Host -> hashes of the paragraphs that it repeats on page after page."""


class RepeatedParagraphs:
    """The paragraphs that hosts are known to repeat, in memory; the store keeps them across restarts."""

    def __init__(self) -> None:
        self._of_host: dict[str, set[int]] = {}

    def of(self, host: str) -> Iterable[int]:
        """Hashes of the paragraphs that a host repeats."""
        return self._of_host.get(host, ())

    def add(self, learned: HostParagraphs) -> None:
        """Adds what the latest pages showed."""
        for host, paragraphs in learned.items():
            self._of_host.setdefault(host, set()).update(paragraphs)

    def reset(self, known: Mapping[str, set[int]]) -> None:
        """Takes over what the store knows, without what it has forgotten."""
        self._of_host = dict(known)
