"""Parses feed bodies into entries, and plans polls: which entries are new, and when to poll next.

Pure: no network, no clock, no database; `now` and `jitter` are arguments. Nothing is imported here, so that the daemon
can plan without loading feedparser, which only the parser processes need.
"""
