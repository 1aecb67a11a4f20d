"""The addresses of feeds of matches. Only `/watches` shows them, because their tokens are the right to read."""

from __future__ import annotations

import secrets

from watcher.web.parameters import encoded_name

_BYTES = 32


def new_token() -> str:
    """Makes a token of 256 bits."""
    return secrets.token_urlsafe(_BYTES)


def links_of_watch(watch: str, token: str) -> dict[str, str]:
    """Returns the paths of the Atom feed and the JSON Feed of a watch."""
    return _links(f"/feeds/watches/{encoded_name(watch)}", token)


def links_of_search(number: int, token: str) -> dict[str, str]:
    """Returns the paths of the Atom feed and the JSON Feed of a search."""
    return _links(f"/feeds/searches/{number}", token)


def _links(path: str, token: str) -> dict[str, str]:
    return {"atom": f"{path}.atom?token={token}", "json_feed": f"{path}.json?token={token}"}
