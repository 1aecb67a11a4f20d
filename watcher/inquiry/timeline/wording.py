"""The words of a drawing: in English, unless the caller brings those of another language."""

from __future__ import annotations

from typing import Protocol

from watcher.text.shares import percent


class Wording(Protocol):
    """A language. English texts are the keys of the others."""

    def text(self, english: str, **values: object) -> str:
        """Returns a text, with values at its places."""

    def counted(self, count: int, one: str, many: str) -> str:
        """Returns a text for a number: `one` for 1, else `many`, with `{count}` as its place."""

    def number(self, count: int) -> str:
        """Returns a number with separators of thousands."""

    def share(self, share: float) -> str:
        """Returns a share in per cent."""


class English:
    """The texts as they are."""

    def text(self, english: str, **values: object) -> str:
        """Returns a text, with values at its places."""
        return english.format_map(values)

    def counted(self, count: int, one: str, many: str) -> str:
        """Returns a text for a number: `one` for 1, else `many`, with `{count}` as its place."""
        return self.text(one if count == 1 else many, count=self.number(count))

    def number(self, count: int) -> str:
        """Returns a number with separators of thousands."""
        return f"{count:,}"

    def share(self, share: float) -> str:
        """Returns a share in per cent."""
        return percent(share)
