"""Decides in which part of a page an element is: menu, teaser, caption, comment or other. No rule names a single site.

The nearest enclosing element that gives evidence decides. Evidence is its tag, its role, or a part of its class or id;
where there is none, a text inside a link is a teaser if it is long, and a menu entry if it is short.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from watcher.model import Place

_TAGS: Mapping[str, Place] = {
    "nav": Place.MENU,
    "menu": Place.MENU,
    "figcaption": Place.CAPTION,
    "caption": Place.CAPTION,
    "aside": Place.TEASER,
}
_ROLES: Mapping[str, Place] = {
    "navigation": Place.MENU,
    "menu": Place.MENU,
    "menubar": Place.MENU,
    "menuitem": Place.MENU,
    "comment": Place.COMMENT,
    "complementary": Place.TEASER,
}
_LINKS_OF_THE_SITE = frozenset({"header", "footer"})
_LISTED = frozenset({"li", "article"})  # a short text beside a link in one of these belongs to the link
_WHOLE = frozenset({"html", "body", "main"})  # their names describe the page
_NAMING = ("class", "id", "data-testid", "data-component")
_SWITCHES = re.compile(r"(?<![a-z])(?:has|no|with|show|hide|is|open|closed|enabled|disabled|count|link)(?![a-z])")
_NAMES = (
    (
        Place.COMMENT,
        re.compile(
            r"(?<![a-z])(?:(?:user|reader|leser)?-?(?:comments?|kommentare?)(?:-?(?:list|body|text|content|area|thread))?"
            r"|commentlist|disqus|leserbriefe?|discussion|diskussion)(?![a-z])"
        ),
    ),
    (
        Place.CAPTION,
        re.compile(
            r"(?<![a-z])(?:(?:image|img|photo|foto|picture|figure|media|video|bild)?-?caption(?:-?text)?"
            r"|bildunterschrift|bildtext|bildzeile|credits?)(?![a-z])"
        ),
    ),
    (
        Place.TEASER,
        re.compile(
            r"(?<![a-z])(?:teasers?|related|recommend(?:ed|ations?|s)?|read-?more|more-?(?:on|from|news|stories)"
            r"|most-?(?:read|popular)|meistgelesen|trending|popular|promos?|sidebar|also-?read|next-?article"
            r"|latest|cards?|ticker|outbrain|taboola)(?![a-z])"
        ),
    ),
    (
        Place.MENU,
        re.compile(
            r"(?<![a-z])(?:nav|navi|navbar|navigation|(?:main|sub|mega|top|side|foot|burger)?-?menu|breadcrumbs?|topbar"
            r"|tag-?(?:list|cloud)|tags|topics|schlagworte)(?![a-z])"
        ),
    ),
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_POINTER = 600
_LONG_LINK = 25  # letters: entries of menus are shorter, headlines of teasers longer


class PagePlaces:
    """The parts of one page. `length`: of its visible text: an element with most of it is not named after a part."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._known: dict[int, Place | None] = {}

    def place_of(self, element: LexborNode | None) -> Place:
        """Returns the part of the page that an element is in."""
        link: LexborNode | None = None
        is_listed = is_of_site = False
        while element is not None and element.tag not in _WHOLE:
            tag = element.tag or ""
            if (place := self._stated(element, tag)) is not None:
                return place
            if tag == "a" and link is None:
                link = element
            is_listed = is_listed or (tag in _LISTED and self._is_pointer(element))
            is_of_site = is_of_site or tag in _LINKS_OF_THE_SITE
            element = element.parent
        if link is not None:
            is_long = len((link.text() or "").strip()) >= _LONG_LINK
            return Place.TEASER if is_long and not is_of_site else Place.MENU
        return Place.TEASER if is_listed else Place.OTHER

    def _stated(self, element: LexborNode, tag: str) -> Place | None:
        """Returns the part that an element's tag, role or names state."""
        if element.mem_id not in self._known:
            role = (element.attributes.get("role") or "").lower()
            self._known[element.mem_id] = _TAGS.get(tag) or _ROLES.get(role) or self._named(element)
        return self._known[element.mem_id]

    def _named(self, element: LexborNode) -> Place | None:
        attributes = element.attributes
        values = " ".join(filter(None, (attributes.get(name) for name in _NAMING)))
        names = [_CAMEL.sub("-", name).lower().replace("_", "-") for name in values.split()]
        names = [name for name in names if not _SWITCHES.search(name)]
        for place, pattern in _NAMES:
            if any(map(pattern.search, names)):
                return place if place is Place.COMMENT or not self._is_most(element) else None
        return None

    def _is_most(self, element: LexborNode) -> bool:
        return len(element.text(deep=True)) > self._length / 2

    def _is_pointer(self, element: LexborNode) -> bool:
        """Returns whether an element is a short text with a link: the main article is longer."""
        return len(element.text(deep=True)) <= _LONGEST_POINTER and element.css_first("a[href]") is not None
