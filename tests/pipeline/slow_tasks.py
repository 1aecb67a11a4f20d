"""The tasks of the pipeline, but a page that says so keeps its worker busy without end, or takes it down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from watcher.parsing import tasks

configure = tasks.configure
preload = tasks.preload


def read_page(arguments: Mapping[str, Any], page: bytes) -> bytes:
    if b"hang-the-reader" in page:
        time.sleep(600)
    if b"kill-the-reader" in page:
        os.kill(os.getpid(), 9)
    return tasks.read_page(arguments, page)


TASKS: Mapping[str, Callable[[Mapping[str, Any], bytes], bytes]] = {**tasks.TASKS, "read_page": read_page}
