"""systemd's notification protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET; silent where there is none."""

from __future__ import annotations

import logging
import os
import socket
import time
from datetime import timedelta

from watcher.log import event

log = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=1)


def notify(*lines: str) -> None:
    """Sends `READY=1`, `STATUS=…` and the like. Does nothing outside a service that asks for it.

    A supervisor that cannot be reached is logged, and no reason to stop.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as outlet:
            outlet.settimeout(_PATIENCE.total_seconds())
            outlet.sendto("\n".join(lines).encode(), name)
    except OSError as error:
        log.warning("cannot notify %s: %s", address, error, extra=event("systemd.unreachable", error=str(error)))


def reloading() -> tuple[str, str]:
    """The two lines that announce a reload; systemd wants them in one datagram."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def watchdog_interval() -> timedelta | None:
    """How often to send `WATCHDOG=1`: half of what systemd allows; None if it does not watch this process."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return timedelta(microseconds=int(microseconds)) / 2
