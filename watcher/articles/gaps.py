"""Puts back paragraphs that the readers left out although the page sets them exactly like the article's text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set

from watcher.articles.blocks import Block
from watcher.articles.container import container_of, holds, kind_of, places_of
from watcher.articles.lines import letters_of
from watcher.articles.mass import LEAST_LETTERS, is_prose

_LEAST_MASS = 0.2  # of the text's letters
_MOST_MASS = 2.0
_MOST_BLOCKS = 4_000  # a search for each in the whole text takes quadratic time
_OPENING = 60  # letters
_ENDS = tuple('.!?…:。！？؟।”"“»«’)')


def with_left_out(lines: Sequence[str], page_blocks: Sequence[Block]) -> list[str]:
    """Inserts, in page order, the prose that the lines lack, in elements of the same kind as the elements of the text.

    It must be a large part of the text: a few paragraphs more are mostly notices, many times more are other articles
    of the page. Boxes inside the text (teasers, background) are of another kind and stay out.
    """
    places = places_of(lines, page_blocks)
    container = container_of(lines, places)
    if container is None or len(page_blocks) > _MOST_BLOCKS:
        return list(lines)
    kinds = {kind_of(place) for place in places if place is not None and holds(container, place)}
    said = letters_of(" ".join(lines))
    scope = next(container.iterancestors("article", "main"), container.getroottree().getroot())
    counts = Counter(block.key for block in page_blocks)
    missing = [
        block
        for block in page_blocks
        if counts[block.key] == 1 and _is_left_out(block, kinds, said) and holds(scope, block.element)
    ]
    mass = sum(len(letters_of(block.text)) for block in missing)
    if not _LEAST_MASS * len(said) <= mass <= _MOST_MASS * len(said):
        return list(lines)
    order = {id(block.element): index for index, block in enumerate(page_blocks)}
    return list(_merged(lines, [order.get(id(place), -1) for place in places], missing, order))


def _is_left_out(block: Block, kinds: Set[tuple[str, str]], said: str) -> bool:
    if len(block.text) < LEAST_LETTERS or not block.text.endswith(_ENDS):
        return False
    if kind_of(block.element) not in kinds or block.element.tag == "li":
        return False
    return letters_of(block.text)[:_OPENING] not in said and is_prose(block.element)


def _merged(
    lines: Sequence[str], indices: Sequence[int], missing: Sequence[Block], order: dict[int, int]
) -> Iterator[str]:
    """Yields the lines, each missing paragraph before the first line that follows it on the page."""
    waiting = [(order[id(block.element)], block.text) for block in missing]
    for line, index in zip(lines, indices, strict=True):
        while waiting and index > waiting[0][0]:
            yield waiting.pop(0)[1]
        yield line
    yield from (text for _, text in waiting)
