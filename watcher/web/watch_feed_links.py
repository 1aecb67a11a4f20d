"""The addresses of the feeds of a watch. Only `/watches` shows them, because their tokens are the right to read."""

from __future__ import annotations

from watcher.web.parameters import encoded_name


def links_of(watch: str, token: str) -> dict[str, str]:
    """Returns the paths of its Atom feed and JSON Feed."""
    path = f"/feeds/watches/{encoded_name(watch)}"
    return {"atom": f"{path}.atom?token={token}", "json_feed": f"{path}.json?token={token}"}
