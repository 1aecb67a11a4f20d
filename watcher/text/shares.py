"""Writes shares for people."""

from __future__ import annotations


def percent(share: float) -> str:
    """Writes a share: "4.9 %", "0.03 %"."""
    hundredths = 100 * share
    return f"{hundredths:.1f} %" if hundredths >= 0.1 or not hundredths else f"{hundredths:.2g} %"
