"""The JSON form of a type's values, written and checked by pydantic."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import TypeAdapter
from pydantic_core import CoreConfig, SchemaValidator

T = TypeVar("T")


class JsonType(Generic[T]):
    """pydantic's TypeAdapter, built on first use, that keeps nothing of what it has read.

    To build one takes 1 to 3 ms, and most are not used in a round without news. By default pydantic keeps the last
    16,384 strings of up to 63 bytes: links, titles and keys that do not come again, each of which also keeps a part of
    Python's memory in use. All `validate_` methods raise pydantic's ValidationError.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        adapter = TypeAdapter(self._kind)
        adapter.validator = SchemaValidator(adapter.core_schema, CoreConfig(cache_strings="keys"))
        return adapter

    def validate_json(self, data: str | bytes) -> T:
        return self._adapter.validate_json(data)

    def validate_python(self, value: object) -> T:
        return self._adapter.validate_python(value)

    def dump_json(self, value: T, *, exclude_defaults: bool = False) -> bytes:
        return self._adapter.dump_json(value, exclude_defaults=exclude_defaults)

    def dump_python(self, value: T, *, mode: Literal["json", "python"] = "python") -> Any:
        return self._adapter.dump_python(value, mode=mode)
