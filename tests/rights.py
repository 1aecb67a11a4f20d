"""Programs that are refused what their rights do not give, also where the tests run as root."""

from __future__ import annotations

import os


def heeding_rights() -> list[str]:
    """What to put before a command: root drops its privilege to read and write where the rights forbid it."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
