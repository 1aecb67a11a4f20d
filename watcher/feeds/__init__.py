"""Bytes into entries, and the planner: what of them is new, and when to poll next.

Pure: no network, no clock, no database; `now` and `jitter` are arguments. Nothing is imported here, so that the
daemon can plan without loading feedparser, which belongs to the worker processes.
"""
