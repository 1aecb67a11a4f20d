"""Adapters that read values from JSON and keep nothing of what they have read."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter
from pydantic_core import CoreConfig, SchemaValidator

T = TypeVar("T")


def json_adapter(kind: type[T]) -> TypeAdapter[T]:
    """Makes an adapter whose validator caches the names of fields, but no values.

    By default pydantic keeps the last 16,384 strings of up to 63 bytes: links, titles and keys that do not come again,
    each of which also keeps a part of Python's memory in use.
    """
    adapter = TypeAdapter(kind)
    adapter.validator = SchemaValidator(adapter.core_schema, CoreConfig(cache_strings="keys"))
    return adapter
