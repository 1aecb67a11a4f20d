"""The marked parts of a page: `make figures` writes between `<!-- figures: NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OPENING = re.compile(r"^<!-- figures: ", re.MULTILINE)
_MARKED = re.compile(
    r"(?P<opening>^<!-- figures: (?P<name>[\w-]+) -->\n).*?(?P<end>^<!-- end -->$)", re.DOTALL | re.MULTILINE
)


def marked_names(page: str) -> list[str]:
    """Returns the names of the marked parts, in their order. Raises ValueError if one has no end or no proper name."""
    parts = list(_MARKED.finditer(page))
    if len(parts) != len(_OPENING.findall(page)):
        last = parts[-1]["name"] if parts else "the first one"
        raise ValueError(f"a marked part has no end, or no name of letters, digits and hyphens; near {last}")
    return [part["name"] for part in parts]


def rewritten(page: str, parts: Mapping[str, str]) -> str:
    """Returns a page with new text in the marked parts that are given; everything else stays as it is."""
    marked_names(page)

    def renew(part: re.Match[str]) -> str:
        text = parts.get(part["name"])
        return part[0] if text is None else f"{part['opening']}\n{text}\n\n{part['end']}"

    return _MARKED.sub(renew, page)
