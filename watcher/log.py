"""The log: names of events that stay the same, and their form for programs. Who logs what stands where it happens.

`log.warning("feed %s failed", name, extra=event("feed.failing", feed=name))` is a line for people, or a JSON object.
The names are listed in docs/operations.md.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

UNNAMED = "log"


def event(name: str, **fields: object) -> dict[str, Any]:
    """What a log record carries beside its words: the event's name, and its facts. Never secrets."""
    return {"event": name, "fields": fields}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, message, logger, the event's fields, and the traceback of a bug."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", UNNAMED),
            "message": record.getMessage(),
            "logger": record.name,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
