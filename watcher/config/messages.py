"""Turns pydantic's errors into sentences that say what to write. No checks of its own."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_SENTENCES = {
    "string_type": 'must be a text in quotes, e.g. "…"',
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "tuple_type": 'must be a list, e.g. ["…", "…"]',
    "mapping_type": 'must be a table, e.g. { Name = "value" }',
    "dict_type": 'must be a table, e.g. { Name = "value" }',
    "model_type": "must be a table",
}


def explain(error: ErrorDetails, known: Sequence[str]) -> str:
    """Returns the sentence for one error. `known`: the keys of the table."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return unknown_key(str(error["loc"][-1]), known)
    if kind == "missing":
        return missing_key(str(error["loc"][-1]))
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    return _SENTENCES.get(kind) or f"cannot be used: {error['msg']}"


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Returns the sentence for an unknown key, with the most similar known one."""
    near = get_close_matches(key.casefold().replace("-", "_"), known, 1)
    if near:
        return f'is not a known key; did you mean "{near[0]}"?'
    return f"is not a known key; known here: {', '.join(known)}"


def missing_key(key: str) -> str:
    """Returns the sentence for a missing key."""
    return f'is missing; add {key} = "…"'
