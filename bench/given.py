"""What may lie beside the checkout: other people's texts, which are read and replayed, and never copied into it."""

from __future__ import annotations

from pathlib import Path

_SHARED = Path(__file__).parents[2] / "shared"
REALWORLD = _SHARED / "realworld"
"""Real feeds and pages, with what is known of them."""
SEEDS = _SHARED / "seeds"
"""Five documents that define the format of the corpus."""
