"""Checks answers against docs/api.schema.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "api.schema.json").read_text(encoding="utf-8"))
BASES = ("document", "counts", "feed")  # schemas that others extend


def closed(place: Any) -> Any:
    """A schema that also refuses members that it does not describe."""
    if isinstance(place, list):
        return [closed(each) for each in place]
    if not isinstance(place, dict):
        return place
    made = {key: value if key == "allOf" else closed(value) for key, value in place.items()}
    if "properties" in made or made.get("$ref", "").removeprefix("#/$defs/") in BASES:
        made["unevaluatedProperties"] = False
    return made


DEFINITIONS = closed(SCHEMA["$defs"])
for base in BASES:
    del DEFINITIONS[base]["unevaluatedProperties"]


def check(value: Any, place: str) -> None:
    """Raises unless a value has the shape of a path, or of a definition."""
    schema = {**closed(SCHEMA["paths"].get(place, {"$ref": f"#/$defs/{place}"})), "$defs": DEFINITIONS}
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)
