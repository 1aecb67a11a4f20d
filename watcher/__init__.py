"""watcher: polls news feeds, matches articles against watches, archives the matches and alerts your channels."""

import os

__version__ = "0.1.0"

# pydantic would read the metadata of every installed package at each start, to look for plugins of its own.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
