"""Finds the element that contains a body, and removes lines that follow behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lxml.html import HtmlElement

from watcher.articles.blocks import Block
from watcher.articles.lines import key_of

_NEARLY_ALL = 0.75


def without_strays(lines: Sequence[str], page_blocks: Sequence[Block]) -> list[str]:
    """Removes lines at the end that are outside the element that contains nearly all of the text.

    Such lines are teasers and service text behind the article. A second container of the same kind (a text that is
    split by an advertisement) counts as inside; lines that are not found on the page stay.
    """
    places = places_of(lines, page_blocks)
    container = container_of(lines, places)
    if container is None:
        return list(lines)
    inside = [place is None or holds(container, place) for place in places]
    kinds = {kind_of(place) for place, within in zip(places, inside, strict=True) if place is not None and within}
    end = len(lines)
    while end > 0 and not inside[end - 1]:
        place = places[end - 1]
        if place is not None and kind_of(place) in kinds:
            break
        end -= 1
    return list(lines[:end])


def places_of(lines: Sequence[str], page_blocks: Sequence[Block]) -> list[HtmlElement | None]:
    """Finds the element of each line: of several equal blocks, the first one behind the line before."""
    found: dict[str, list[int]] = {}
    for index, block in enumerate(page_blocks):
        found.setdefault(block.key, []).append(index)
    places: list[HtmlElement | None] = []
    last = -1
    for line in lines:
        indices = found.get(key_of(line), [])
        index = next((index for index in indices if index > last), indices[0] if indices else -1)
        places.append(page_blocks[index].element if index >= 0 else None)
        last = max(last, index)
    return places


def container_of(lines: Sequence[str], places: Sequence[HtmlElement | None]) -> HtmlElement | None:
    """Returns the deepest element that contains nearly all letters of the lines with a known place."""
    weights: Counter[HtmlElement] = Counter()
    total = 0
    for line, place in zip(lines, places, strict=True):
        if place is None:
            continue
        total += len(line)
        for element in (place, *place.iterancestors()):
            weights[element] += len(line)
    holders = [element for element, weight in weights.items() if weight >= total * _NEARLY_ALL]
    return max(holders, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)


def holds(container: HtmlElement, element: HtmlElement) -> bool:
    """Returns whether an element is the container or inside it."""
    return element is container or any(above is container for above in element.iterancestors())


def kind_of(element: HtmlElement) -> tuple[str, str]:
    """Returns tag and name of an element's parent: equal for the paragraphs of two containers of one kind."""
    parent = element.getparent()
    return (str(parent.tag), parent.get("class") or parent.get("id") or "") if parent is not None else ("", "")
