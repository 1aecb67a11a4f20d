"""One cheap look at a page, before anything is pulled out of it: all its text, whether it may be a wall, and its
longest paragraphs. Suspects only; `quality` judges."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest

from selectolax.lexbor import LexborHTMLParser

from watcher.articles.decoding import decode_page
from watcher.articles.phrases import PAYWALL
from watcher.articles.quality import LONGEST_STUB, SHORT_LETTERS, judge_wall, paragraph_hashes
from watcher.articles.screen import JOINT, texts_of

_LONG = 40  # letters of a text that is more than a link or a label
_LEARNT = 5  # paragraphs of a page by which its repetitions are noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a look shows.

    `text`: for `Screen.may_match`. `suspect`: it may be a wall, a stub or a shell; of 295 real pages with an article 5
    are. `paragraphs`: hashes of the longest, as `quality.paragraph_hashes` makes them.
    """

    text: str
    suspect: bool
    paragraphs: tuple[int, ...]


def glance(page: bytes, content_type: str) -> Glance:
    """Looks at a page: one parse by lexbor, no tree walk in Python."""
    tree = LexborHTMLParser(decode_page(page, content_type))
    title = tree.css_first("title")
    texts = list(texts_of(tree))
    nodes = texts[-1].split(JOINT) if texts else []
    marked = [element.text(deep=True) for element in tree.css("p")]
    long = {
        joined for text in (*marked, *nodes) if len(text) >= _LONG and len(joined := " ".join(text.split())) >= _LONG
    }
    longest = nlargest(_LEARNT, long, key=lambda text: (len(text), text))
    return Glance(
        text=JOINT.join(texts),
        suspect=_is_suspect(title.text(deep=True) if title else "", nodes, marked),
        paragraphs=paragraph_hashes("\n\n".join(longest)),
    )


def _is_suspect(title: str, nodes: list[str], marked: list[str]) -> bool:
    said = [" ".join(node.split()) for node in nodes if len(node) >= _LONG]
    letters = max(sum(map(len, said)), sum(len(text) for text in marked if len(text) >= _LONG))
    if letters < SHORT_LETTERS:
        return True
    visible = " ".join(" ".join(nodes).split())
    if letters < LONGEST_STUB and PAYWALL.search(visible):
        return True
    return any(judge_wall(title=title, text=text) is not None for text in (visible, " ".join(said)))
