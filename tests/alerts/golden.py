"""Writes the golden files: `python -m tests.alerts.golden`, then read the difference before it is committed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.alerts.samples import ALERTS
from watcher.alerts.channel import RenderOptions
from watcher.alerts.channels import CHANNELS

FOLDER = Path(__file__).parent / "golden"
OPTIONS = RenderOptions(delivery_id="0001", channel="newsroom")


def path(channel: str, alert: str) -> Path:
    return FOLDER / channel / f"{alert}.{'txt' if channel == 'console' else 'json'}"


def shown(channel: str, alert: str) -> str:
    """The body as a person can read and compare it: JSON is indented, every character as it is."""
    body = CHANNELS[channel].render(ALERTS[alert], OPTIONS).decode()
    return body if channel == "console" else json.dumps(json.loads(body), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    for channel in CHANNELS:
        for alert in ALERTS:
            file = path(channel, alert)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown(channel, alert), encoding="utf-8")


if __name__ == "__main__":
    main()
