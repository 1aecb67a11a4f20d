"""The pages in a browser that runs no scripts: the same content, and every form works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.browser.browsing import NARROW, Tab, new_tab, tree_of
from tests.web.browser.conftest import PAGES, Visits
from tests.web.conftest import SLASHED, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def plain(chromium: Browser, steady: Site) -> Iterator[Tab]:
    """A tab without scripts, on a small screen."""
    with new_tab(chromium, str(steady.client.base_url), java_script_enabled=False, viewport=NARROW) as opened:
        yield opened


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_the_same(plain: Tab, visits: Visits, name: str) -> None:
    """Only the button for the keys is missing, which need a script."""
    plain.noise.clear()
    page = plain.open(PAGES[name])
    expected = visits[name].tree.replace('    - button "Keys"\n', "")
    assert tree_of(page, "body" if name == "matches" else "main") == expected
    assert plain.noise == []


def test_a_reader_finds_a_document(plain: Tab) -> None:
    """From the menu over the filter to a document, and by the search of each page."""
    page = plain.open("/status")
    page.get_by_role("link", name="Matches").click()
    page.get_by_text("Filter").click()
    page.get_by_label("Outlet").fill("Haus kopie")
    page.get_by_role("button", name="Show").click()
    assert page.locator("[data-total]").get_attribute("data-total") == "1"
    page.get_by_role("link", name="Agenturmeldung aus Emden").click()
    assert page.locator("article mark").inner_text() == "Rutte"
    page.get_by_role("link", name="Haus agentur").click()
    assert page.url.endswith("/documents/2")
    page.get_by_role("search").get_by_role("searchbox").fill("Markttag")
    page.get_by_role("search").get_by_role("button").click()
    assert page.locator("article[data-seen]").count() == 1


def test_a_feed_is_polled_by_its_button(plain: Tab, steady: Site) -> None:
    """The browser's own request is taken, and the next page says what was done."""
    before = steady.news.count("/kurier")
    page = plain.open("/feeds")
    page.get_by_role("row", name=SLASHED).get_by_role("button", name="Poll now").click()
    assert page.get_by_role("status").inner_text().strip() == f"The feed {SLASHED} is polled now."
    steady.running.wait_for(lambda: steady.news.count("/kurier") > before)
