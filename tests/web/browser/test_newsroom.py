"""The newsroom of `watcher demo` in a browser, while it publishes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.web.browser.browsing import axe_of, new_tab
from tests.web.conftest import started
from watcher.demo import DemoNewsroom, prepare_demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
FIRST = 4  # documents of the demo before it publishes


def test_a_reader_follows_a_newsroom(chromium: Browser, tmp_path: Path) -> None:
    """News are announced above the list, which stays; a click shows them; each page that the menu has is quiet."""
    demo = DemoNewsroom(now=datetime.now(UTC))
    demo.start()
    program = Program(tmp_path)
    prepare_demo(tmp_path, demo)
    with Newsroom() as other, program.config.open("a", encoding="utf-8") as config:
        other.feed("/dritte", [])
        config.write(f'\n[[feeds]]\nname = "Dritte"\nurl = "{other.url("/dritte")}"\n')
        config.flush()
        with started(program) as (running, client), new_tab(chromium, str(client.base_url)) as tab:
            running.wait_for(lambda: len(program.names()) == FIRST)
            page = tab.open("/")
            titles = page.locator("article h2").all_inner_texts()
            assert len(titles) == FIRST
            news = page.get_by_role("status")
            assert news.inner_text() == ""
            published = demo.publish(now=datetime.now(UTC))
            page.get_by_role("link", name="1 new document", exact=True).wait_for()
            other.feed("/dritte", [article(other, matching=True), article(other, matching=True)])
            page.get_by_role("link", name="3 new documents", exact=True).wait_for()
            assert page.locator("article h2").all_inner_texts() == titles
            assert axe_of(page) == []
            news.get_by_role("link").click()
            page.wait_for_url("**/")
            now_there = page.locator("article h2").all_inner_texts()
            assert now_there[3:] == titles
            assert published in now_there[:3]
            for name in page.get_by_role("navigation").get_by_role("link").all_inner_texts():
                page.get_by_role("link", name=name, exact=True).click()
                assert name in page.get_by_role("heading", level=1).inner_text()
                assert page.locator("[aria-current=page]").inner_text() == name
            assert tab.noise == []
            assert running.end() == 0
    demo.stop()
