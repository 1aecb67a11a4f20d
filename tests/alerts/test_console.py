"""The console's lines."""

from __future__ import annotations

from tests.alerts.samples import ALERTS, NOW
from watcher.alerts import console
from watcher.alerts.channel import RenderOptions, Target
from watcher.alerts.channels import CHANNELS


def test_color_marks_hits_by_ansi_instead_of_quotes() -> None:
    """On a terminal hits are bold yellow; escape codes of the text are gone either way."""
    plain = console.render(ALERTS["alert"], RenderOptions()).decode()
    colored = console.render(ALERTS["alert"], RenderOptions(color=True)).decode()
    assert "«Rutte»" in plain
    assert "\x1b[1;33mRutte\x1b[0m" in colored
    assert "«" not in colored
    assert "\x1b" not in console.render(ALERTS["hostile"], RenderOptions()).decode()


def test_alerts_are_set_apart_by_an_empty_line() -> None:
    """Several alerts on one stream stay readable, and nothing is requested."""
    assert console.render(ALERTS["test"], RenderOptions()) == b"Test from watcher\nIt works.\n\n"
    assert CHANNELS["console"].request(b"", target=Target(), delivery_id="1", now=NOW) is None
