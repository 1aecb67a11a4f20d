"""Matching: which watches an article answers, and where. Values in, values out; no I/O.

terms.py      what counts as the same term in German and English
scan.py       the candidate pass: which terms could stand where (Aho-Corasick)
watchlist.py  the compiled watches: article -> matches
"""

from watcher.matching.watchlist import Watchlist

__all__ = ["Watchlist"]
