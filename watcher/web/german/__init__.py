"""The German texts of the pages, by the English ones. A test compares the two with the templates."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.web.german import frame, pages

GERMAN: Mapping[str, str] = {
    **frame.FRAME,
    **frame.TIMES,
    **frame.STATUS,
    **frame.PROBLEMS,
    **pages.MATCHES,
    **pages.DOCUMENT,
    **pages.SEARCH,
    **pages.WATCHES,
    **pages.TIMELINE,
    **pages.FEEDS,
    **pages.OUTBOX,
}
"""English text -> German text."""
