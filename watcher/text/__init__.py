"""Texts, dates, charsets and hosts: rules that feeds, articles and matching share, each written once.

`fold` makes spellings comparable, `marks` bounds what that costs, `ascii_fold` excludes texts before that, `automaton`
says how needles are compiled, `hosts` compares hosts, `charset` decodes bytes, `dates` reads dates, `http` reads header
values, `sentences` finds the ends of sentences, `language_tags` checks tags. No I/O, no clock, no rule that only one
room needs. Only `fold` and
`hosts` are exported here, so that a start that needs no more loads no more.
"""

from watcher.text.fold import UNSPACED, Folded, as_written, fold, is_word_character, squeeze, units, words
from watcher.text.hosts import host_and_port, host_name, host_of, hosts_of

__all__ = [
    "UNSPACED",
    "Folded",
    "as_written",
    "fold",
    "host_and_port",
    "host_name",
    "host_of",
    "hosts_of",
    "is_word_character",
    "squeeze",
    "units",
    "words",
]
