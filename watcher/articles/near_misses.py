"""Finds the near misses of a page: sentences outside of its article that hold a term of a watch that does not match.

Articles know no watches: a callable finds the terms in a text. Each distinct sentence of a watch counts once; of a page
with very many the first of each watch are kept, and the rest is counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from watcher.articles.lines import letters_of
from watcher.articles.page_places import PagePlaces
from watcher.articles.visible_text import VisibleText
from watcher.model import LONGEST_NEAR_MISS, MOST_NEAR_MISSES, REMOVED, Hit, Match, NearMiss, Removed

FindTerms = Callable[[str], Iterable[Match]]
"""Finds the terms of watches in a text; each watch with its hits in the order of the text."""

MOST_OF_A_WATCH = 20
_LEAST_QUOTED = 20  # letters: a shorter sentence of the page may be part of a longer one of the article by chance
_SENTENCE_END = re.compile(r"(?:[!?…]|(?<=[^\W\d_]{3})\.)[\"”“»«’')\]]*\s+(?=[^\sa-zäöü])")
_CUT = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMisses:
    """The near misses of a page. `left_out`: how many further ones there are."""

    kept: tuple[NearMiss, ...] = ()
    left_out: int = 0


def near_misses(
    page: bytes, content_type: str, *, find: FindTerms, article: str, removed: Sequence[Removed] = ()
) -> NearMisses:
    """Finds the near misses of a page.

    `article`: the text that the watches were matched against. `removed`: the lines that rules removed from it. A
    sentence that is part of the article is not a near miss.
    """
    found = _Found(article)
    found.add_removed(removed, find)
    visible = VisibleText(page, content_type)
    found.add_visible(visible, find)
    return found.result()


class _Found:
    """Collects the sentences of each watch, each once, and leaves out those of the article."""

    def __init__(self, article: str) -> None:
        self._article = letters_of(article)
        self._lines = {letters_of(line) for line in article.split("\n")}
        self._removed: set[str] = set()
        self._of_watch: dict[str, dict[str, NearMiss]] = {}

    def add_removed(self, removed: Sequence[Removed], find: FindTerms) -> None:
        lines = [" ".join(line.text.split()) for line in removed]
        self._removed = {letters_of(line) for line in lines}
        for rule, line in zip((each.rule for each in removed), lines, strict=True):
            for watch, hit in _hits(find(line)):
                sentence, form = sentence_around(line, hit.start, hit.end)
                self._add(watch, hit, sentence, form, f"{REMOVED}{rule}")

    def add_visible(self, visible: VisibleText, find: FindTerms) -> None:
        places = PagePlaces(visible.length)
        joined, broken = visible.readings()
        seen: set[tuple[str, str, tuple[int, int]]] = set()
        for reading in (joined, broken) if joined.text != broken.text else (joined,):
            for watch, hit in _hits(find(reading.text)):
                at = reading.piece_at(hit.start)
                if (key := (watch, hit.term, at)) in seen:
                    continue
                seen.add(key)
                sentence, form = sentence_around(reading.text, hit.start, hit.end)
                if not self._is_removed(sentence):
                    self._add(watch, hit, sentence, form, places.place_of(visible.element_of(at[0])).value)

    def result(self) -> NearMisses:
        most = MOST_OF_A_WATCH
        if len(self._of_watch) * most > MOST_NEAR_MISSES:
            most = max(1, MOST_NEAR_MISSES // len(self._of_watch))
        kept = [near for of_watch in self._of_watch.values() for near in [*of_watch.values()][:most]][:MOST_NEAR_MISSES]
        return NearMisses(kept=tuple(kept), left_out=sum(map(len, self._of_watch.values())) - len(kept))

    def _add(self, watch: str, hit: Hit, sentence: str, form: str, place: str) -> None:
        of_watch = self._of_watch.setdefault(watch, {})
        if sentence not in of_watch and not self._is_in_article(sentence):
            of_watch[sentence] = NearMiss(watch=watch, term=hit.term, form=form, sentence=sentence, place=place)

    def _is_in_article(self, sentence: str) -> bool:
        letters = letters_of(sentence)
        return letters in self._lines or (len(letters) >= _LEAST_QUOTED and letters in self._article)

    def _is_removed(self, sentence: str) -> bool:
        """Returns whether a sentence is a removed line, or a large part of one."""
        letters = letters_of(sentence)
        return letters in self._removed or (
            len(letters) >= _LEAST_QUOTED and any(letters in line for line in self._removed)
        )


def _hits(matches: Iterable[Match]) -> Iterator[tuple[str, Hit]]:
    return ((match.watch, hit) for match in matches for hit in match.hits)


def sentence_around(text: str, start: int, end: int) -> tuple[str, str]:
    """Returns the sentence around `text[start:end]`, and that form as the sentence has it.

    A sentence ends with its line, too. One that is too long is cut at spaces to `LONGEST_NEAR_MISS` characters.
    """
    form = " ".join(text[start:end].split())[: LONGEST_NEAR_MISS - 2 * len(_CUT)]
    before, is_cut_before = _before(text, start)
    behind, is_cut_behind = _behind(text, end)
    room = LONGEST_NEAR_MISS - len(form) - 2 * len(_CUT)
    if len(before) + len(behind) > room:
        half = room // 2
        kept_before = max(half, room - len(behind))
        kept_behind = max(room - half, room - len(before))
        is_cut_before = is_cut_before or len(before) > kept_before
        is_cut_behind = is_cut_behind or len(behind) > kept_behind
        before = before[-kept_before:] if kept_before < len(before) else before
        behind = behind[:kept_behind]
    if is_cut_before:
        before = _CUT + before.partition(" ")[2]
    if is_cut_behind:
        behind = behind.rpartition(" ")[0] + _CUT
    return f"{before}{form}{behind}".strip(), form


def _before(text: str, start: int) -> tuple[str, bool]:
    """Returns the part of the sentence before an offset, and whether it begins earlier than that."""
    low = max(0, start - 2 * LONGEST_NEAR_MISS)
    line_start = text.rfind("\n", low, start) + 1
    part = text[line_start or low : start]
    ends = [end.end() for end in _SENTENCE_END.finditer(f"{part}X")]
    is_cut = line_start == 0 and low > 0 and not ends
    return _spaced(part[ends[-1] :] if ends else part), is_cut


def _behind(text: str, end: int) -> tuple[str, bool]:
    """Returns the part of the sentence behind an offset, and whether it ends later than that."""
    high = min(len(text), end + 2 * LONGEST_NEAR_MISS)
    line_end = text.find("\n", end, high)
    part = text[end : line_end if line_end >= 0 else high]
    found = _SENTENCE_END.search(part)
    is_cut = line_end < 0 and high < len(text) and found is None
    return _spaced(part[: found.end()] if found else part), is_cut


def _spaced(text: str) -> str:
    """Returns a text with single spaces, one of them at each end where it has any."""
    return f"{' ' * text[:1].isspace()}{' '.join(text.split())}{' ' * (text[-1:].isspace() and not text.isspace())}"
