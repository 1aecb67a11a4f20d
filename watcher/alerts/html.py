"""Writes lines as HTML for Matrix clients: only tags that are made here, everything else escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from watcher.alerts.layout import Line, Role, Run


def to_html(lines: Iterable[Line]) -> str:
    """Writes lines separated by `<br>`, snippets as quotations, hits and titles as strong, links as anchors.

    Only `a`, `blockquote`, `br` and `strong` occur, all of them in the Matrix specification's list of safe tags.
    """
    out: list[str] = []
    needs_break = False
    for line in lines:
        content = "".join(_styled(run) for run in line.runs)
        is_quote = line.role is Role.SNIPPET
        if is_quote:
            content = f"<blockquote>{content}</blockquote>"
        elif needs_break:
            content = f"<br>{content}"
        if line.apart:
            content = f"<br>{content}"
        out.append(content)
        needs_break = not is_quote
    return "".join(out)


def _styled(run: Run) -> str:
    content = escape(run.text)
    if run.link:
        content = f'<a href="{escape(run.link)}">{content}</a>'
    return f"<strong>{content}</strong>" if run.hit or run.strong else content
