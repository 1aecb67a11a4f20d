"""watcher: polls news feeds, matches articles against watches, archives the matches and alerts your channels."""

__version__ = "0.1.0"
