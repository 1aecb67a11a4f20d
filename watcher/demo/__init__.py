"""A small newsroom that watcher serves itself on loopback, and the configuration that watches it.

It shows poll, document and alert within seconds without the internet. Nothing here is used by the real daemon.
"""

from watcher.demo.newsroom import DemoNewsroom
from watcher.demo.prepare import prepare_demo

__all__ = ["DemoNewsroom", "prepare_demo"]
