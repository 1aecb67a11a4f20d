"""Matching: which watches an article answers, and where; which documents tell one story. Values in, values out; no I/O.

terms.py       what counts as the same term in German and English
query.py       the query language: query.lark, text -> nodes.py; complaints.py says what is wrong with one
plan.py        watch -> its nodes, bound to the lexicon, and what it cannot do without
lexicon.py     all terms of all watches, and where they stand in a text; scan.py is its candidate pass (Aho-Corasick)
evidence.py    one article, read against the lexicon; evaluate.py asks it whether a query is true, explain.py why not
watchlist.py   all of it together: article -> matches
stories.py     near-duplicates: text -> fingerprints, shared fingerprints -> story
"""

from watcher.matching.stories import WINDOW as STORY_WINDOW
from watcher.matching.stories import containment, shingles, sketch, story_of
from watcher.matching.watchlist import Finding, Watchlist, definition

__all__ = [
    "STORY_WINDOW",
    "Finding",
    "Watchlist",
    "containment",
    "definition",
    "shingles",
    "sketch",
    "story_of",
]
