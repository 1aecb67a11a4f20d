"""`/status`: whether watcher works, in numbers and incidents."""

from __future__ import annotations

from watcher import __version__
from watcher.runtime.inspection import inspect
from watcher.web.asked import Asked, View


def status(asked: Asked) -> View:
    """Shows the result of `healthcheck`."""
    found = inspect(asked.config, asked.store, now=asked.now)
    values = {"problems": found.problems, "health": found.health, "version": __version__}
    return View(template="status.html", values=values, json=found.json)
