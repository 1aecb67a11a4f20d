"""Draws the matches of some days as a small SVG, with a title that says them in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

_WIDTH, _HEIGHT = 6, 30


def sparkline(days: Sequence[tuple[date, int]], *, title: str) -> Markup:
    """Returns bars, one a day; the highest fills the height."""
    highest = max((count for _, count in days), default=0) or 1
    bars = "".join(
        f"M{place * _WIDTH} {_HEIGHT}v-{height}h{_WIDTH - 1}v{height}z"
        for place, (_, count) in enumerate(days)
        if (height := max(round(_HEIGHT * count / highest), 2 if count else 0))
    )
    width = len(days) * _WIDTH
    return Markup(
        '<svg role="img" viewBox="0 0 {} {}" preserveAspectRatio="none"><title>{}</title><path d="{}"></path>'
        '<line x1="0" y1="{}" x2="{}" y2="{}"></line></svg>'
    ).format(width, _HEIGHT + 1, title, bars, _HEIGHT, width, _HEIGHT)
