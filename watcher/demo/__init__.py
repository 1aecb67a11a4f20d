"""A small newsroom, served on loopback, and a config that watches it.

`watcher demo` uses it to show poll, document and alert within seconds, without the internet. The daemon does not.
"""

from watcher.demo.newsroom import DemoNewsroom
from watcher.demo.prepare import prepare_demo

__all__ = ["DemoNewsroom", "prepare_demo"]
