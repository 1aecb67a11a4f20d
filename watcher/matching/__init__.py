"""Matching: finds the watches that an article matches, with the hits, and groups documents into stories. No I/O.

terms.py       the forms of a term in German and English
query.py       the query language: query.lark, text -> nodes.py; query_errors.py explains a wrong query
plan.py        watch -> its nodes, bound to the lexicon, and the terms that it needs
lexicon.py     all terms of all watches, and their occurrences in a text; scan.py is the candidate pass (Aho-Corasick)
evidence.py    one article, scanned with the lexicon; evaluate.py tests a query against it, explain.py says why it fails
candidates.py  a query -> a condition on indexed words that each of its matches satisfies, for the search
watchlist.py   the compiled watches: article -> matches
stories.py     near-duplicates: text -> fingerprints, shared fingerprints -> story; facts.py: other facts, other story
"""

from watcher.matching.stories import WINDOW as STORY_WINDOW
from watcher.matching.stories import containment, same_but_for_counters, shingles, sketch, story_of
from watcher.matching.watchlist import Finding, Watchlist, definition

__all__ = [
    "STORY_WINDOW",
    "Finding",
    "Watchlist",
    "containment",
    "definition",
    "same_but_for_counters",
    "shingles",
    "sketch",
    "story_of",
]
