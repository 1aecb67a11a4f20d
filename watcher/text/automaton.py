"""Chooses the form of the automaton that searches for many needles at once."""

from __future__ import annotations

from collections.abc import Collection

from ahocorasick_rs import Implementation

_MANY = 1000
_LONG = 100  # letters; a needle of 10,000 took ten seconds to compile into the fastest form


def form_of(needles: Collection[str] | Collection[bytes]) -> Implementation | None:
    """Returns the form in which these needles are compiled in little time and memory; None: the fastest to search.

    The time that the fastest one takes to compile grows with the number of needles and with the square of their length.
    """
    is_large = len(needles) > _MANY or any(len(needle) > _LONG for needle in needles)
    return Implementation.ContiguousNFA if is_large else None
