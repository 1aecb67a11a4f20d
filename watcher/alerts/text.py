"""Writes lines as plain text, for the console and as the fallback of chats. Channels pass their own escaping."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from watcher.alerts.layout import Line, Role, Run

_INDENT = {
    Role.LEAD: "",
    Role.TITLE: "",
    Role.FACTS: "  ",
    Role.WHY: "  ",
    Role.SNIPPET: "    ",
    Role.NOTE: "  ",
    Role.REMARK: "",
}


def to_text(
    lines: Iterable[Line],
    *,
    escape: Callable[[str], str] = str,
    link: Callable[[str], str] = str,
    hit: Callable[[str], str] = "«{}»".format,
    strong: Callable[[str], str] = str,
    indent: bool = True,
) -> str:
    """Writes lines as text, links on lines of their own; `hit`, `strong` and `link` wrap escaped text."""
    out: list[str] = []
    for line in lines:
        if line.apart:
            out.append("")
        space = _INDENT[line.role] if indent else ""
        out.append(space + "".join(_styled(run, escape, hit, strong) for run in line.runs))
        out.extend(_INDENT[Role.FACTS] * indent + link(escape(run.link)) for run in line.runs if run.link)
    return "\n".join(out)


def _styled(run: Run, escape: Callable[[str], str], hit: Callable[[str], str], strong: Callable[[str], str]) -> str:
    text = escape(run.text)
    if run.hit:
        return hit(text)
    return strong(text) if run.strong else text
