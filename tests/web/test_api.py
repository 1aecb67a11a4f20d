"""The JSON forms: every answer has the shape that docs/api.schema.json gives its path, and every path is documented."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.desk import environment
from tests.docs.pages import fences
from tests.needs import program
from tests.web.api import DOCS, SCHEMA, check
from tests.web.conftest import Site
from watcher.web.pages.actions import ACTIONS
from watcher.web.site import PAGES

GUIDE = (DOCS / "api.md").read_text(encoding="utf-8")
FEEDS = ("/feeds/watches/{name}.json", "/feeds/searches/{name}.json")
ASKED = {
    "/index.json": ["", "?watch=Rutte&q=Purl", "?q=(", "?before=2"],
    "/documents/{name}.json": [f"/documents/{number}.json" for number in range(6)],
    "/search.json": ["", "?q=Rutte", "?q=title:Meldung&in=seen", "?q=(Rutte"],
    "/watches.json": [""],
    "/watches/try.json": ["", "?query=Rutte", "?query=(Rutte"],
    "/timeline.json": ["", "?by=month&watch=Rutte", "?until=2001-01-01"],
    "/feeds.json": ["", "?health=failing"],
    "/feeds/{name}.json": ["/feeds/blatt.json", "/feeds/kaputt.json"],
    "/outbox.json": ["", "?state=delivered", "?channel=haken"],
    "/status.json": [""],
    "/press-review.json": ["", "?date=2025-10-01"],
}


@pytest.mark.parametrize("path", ASKED)
def test_every_answer_has_the_documented_shape(site: Site, path: str) -> None:
    """With and without results, for wrong queries and for documents of every kind; no member is undocumented."""
    for asked in ASKED[path]:
        check(site.json(asked if asked.startswith("/") else path + asked), path)


def test_feeds_and_errors_have_the_documented_shape(site: Site) -> None:
    """JSON Feeds of watches, and the answers to wrong requests."""
    for watch in site.json("/watches.json")["watches"]:
        check(site.get(watch["json_feed"]).json(), "/feeds/watches/{name}.json")
    for path in ("/nothing.json", "/index.json?since=x", "/documents/77.json"):
        check(site.get(path).json(), "error")


def test_the_commands_of_the_guide_work(site: Site, tmp_path: Path) -> None:
    """Each gets JSON from a daemon at another port."""
    program("curl", package="curl")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "web").write_text("losung\n", encoding="utf-8")
    commands = [command for fence in fences(DOCS / "api.md") for command in fence.commands]
    for command in commands:
        line = command.replace("http://127.0.0.1:8410/", str(site.client.base_url))
        ran = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, check=True)
        assert "error" not in json.loads(ran.stdout)
    assert len(commands) == 3


def test_every_path_is_documented() -> None:
    """The schema and the guide name the paths that the site has, and no others; so are actions and parameters."""
    paths = {page.json for page in PAGES} | set(FEEDS)
    assert set(SCHEMA["paths"]) == paths
    assert set(re.findall(r"^\| `(/[^`]+\.json)` \|", GUIDE, re.M)) == paths
    assert set(re.findall(r"^\| `/actions/(\w+)` \|", GUIDE, re.M)) == set(ACTIONS)
    assert set(ASKED) == paths - set(FEEDS)
