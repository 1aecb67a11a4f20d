"""Revisions: the versions of a document's text. Pure: texts in, values out.

text.py      a version's text, and the keys by which two of them are equal, or equal but for punctuation
words.py     the words of a paragraph, and which of them are numbers, names or quoted
diff.py      two sequences -> the parts in which they differ, with a bounded effort
compare.py   two versions -> their changed paragraphs and classes
passages.py  changed paragraphs -> the sentences before and after
marks.py     two paragraphs -> one text with [-removed-] and {+added+} words
tracking.py  what is known of a page, and a reading of it -> what is known now, and a new version, if any
"""

from watcher.corpus.revisions.compare import compare
from watcher.corpus.revisions.diff import Effort
from watcher.corpus.revisions.marks import Run, word_diff, word_runs
from watcher.corpus.revisions.text import LONGEST_TEXT, version_text
from watcher.corpus.revisions.tracking import (
    MOST_VERSIONS,
    Absent,
    NewVersion,
    Progress,
    Schedule,
    Seen,
    Sighting,
    Unchanged,
    Unreadable,
    follow_up,
    is_admitted,
)

__all__ = [
    "LONGEST_TEXT",
    "MOST_VERSIONS",
    "Absent",
    "Effort",
    "NewVersion",
    "Progress",
    "Run",
    "Schedule",
    "Seen",
    "Sighting",
    "Unchanged",
    "Unreadable",
    "compare",
    "follow_up",
    "is_admitted",
    "version_text",
    "word_diff",
    "word_runs",
]
