"""The HTML and CSS of the pages, judged by the checker of the W3C."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.needs import program
from tests.web.browser.browsing import npm_file
from tests.web.browser.conftest import PAGES
from tests.web.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_pages_are_valid(steady: Site, tmp_path: Path) -> None:
    """Each page in both languages, errors too, and the style sheet: no error, no warning."""
    java, checker = program("java", package="default-jre-headless"), str(npm_file("vnu-jar/build/dist/vnu.jar"))
    for language in ("en", "de"):
        for name, path in PAGES.items():
            page = steady.get(path, accept_language=language).text
            assert f'<html lang="{language}">' in page
            (tmp_path / f"{name}.{language}.html").write_text(page, encoding="utf-8")
    (tmp_path / "style.css").write_bytes(steady.get("/static/style.css").content)
    # One start for all; the optimising compiler would cost more than it saves.
    light = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss2m")
    command = [java, *light, "-jar", checker, "--also-check-css", "--format", "json", "--stdout", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["messages"]
    told = [f"{Path(each['url']).name}:{each.get('lastLine')}: {each['message']}" for each in found]
    assert (told, done.returncode) == ([], 0), done.stderr
