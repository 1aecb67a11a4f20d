"""The pages by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.web.browser.browsing import Tab, new_tab
from tests.web.conftest import SLASHED, Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
MENU = {
    "s": "/search",
    "w": "/watches",
    "l": "/timeline",
    "f": "/feeds",
    "o": "/outbox",
    "p": "/press-review",
    "t": "/status",
    "m": "/",
}
_FOCUSED = "document.activeElement.id || document.activeElement.innerText || document.activeElement.tagName"


@pytest.fixture
def keyboard(chromium: Browser, steady: Site) -> Iterator[Tab]:
    """A tab with settings of its own: the keys can be switched off."""
    with new_tab(chromium, str(steady.client.base_url)) as opened:
        yield opened


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focused(page: Page) -> str:
    return str(page.evaluate(_FOCUSED))


def test_keys_move_through_the_articles(keyboard: Tab, steady: Site) -> None:
    """`j` and `k` stop at the ends, Enter opens the document, `o` the original."""
    page = keyboard.open("/")
    titles = page.locator("article h2 a").all_inner_texts()
    places = []
    for key in ("j", "j", "k", "k", *"jjjjjjj"):
        press(page, key)
        places.append(focused(page))
    assert places == [titles[place] for place in (0, 1, 0, 0, 1, 2, 3, 4, 5, 5, 5)]
    press(page, "k", "k")
    assert focused(page) == titles[3] == "Agenturmeldung aus Emden"
    with page.expect_navigation():
        press(page, "Enter")
    assert urlsplit(page.url).path == "/documents/2"
    with page.expect_navigation():
        press(page, "o")
    assert page.url == steady.news.url("/agentur.html")


def test_keys_go_to_the_pages(keyboard: Tab) -> None:
    """`g`, then a letter; another letter does nothing; with Ctrl they are the browser's."""
    page = keyboard.open("/")
    press(page, "g", "x", "s", "Control+g", "o")
    for letter, path in MENU.items():
        with page.expect_navigation():
            press(page, "g", letter)
        assert urlsplit(page.url).path == path
    assert keyboard.noise == []


def test_the_search_needs_no_mouse(keyboard: Tab) -> None:
    """`/` goes to the field, in which keys write; Enter searches; the first Tab of a page leads to its content."""
    page = keyboard.open("/status")
    press(page, "/")
    assert focused(page) == "search-everywhere"
    page.keyboard.type("j?g/Rutte", delay=1)
    assert page.get_by_role("searchbox").input_value() == "j?g/Rutte"
    press(page, "Control+a")
    page.keyboard.type("Markttag")
    with page.expect_navigation():
        press(page, "Enter")
    assert page.locator("article[data-seen]").count() == 1
    page.reload()
    press(page, "Tab")
    assert focused(page) == "Skip to the content"
    press(page, "Enter")
    assert focused(page) == "main"


def test_the_keys_are_explained_and_can_be_switched_off(keyboard: Tab) -> None:
    """`?` opens the list, Escape closes it and gives the focus back; switched off they stay off on the next page."""
    page = keyboard.open("/")
    dialog = page.get_by_role("dialog", name="Keys")
    press(page, "j", "?")
    assert dialog.is_visible()
    press(page, "j", "/")
    assert dialog.is_visible()
    press(page, "Escape")
    assert not dialog.is_visible()
    assert focused(page) == page.locator("article h2 a").first.inner_text()
    press(page, "?")
    dialog.get_by_role("checkbox").focus()
    press(page, "Space", "Escape", "k", "?", "/")
    assert not dialog.is_visible()
    page = keyboard.open("/watches")
    press(page, "/", "g", "f")
    assert (focused(page), urlsplit(page.url).path) != ("search-everywhere", "/feeds")
    page.get_by_role("button", name="Keys").focus()
    press(page, "Enter")
    dialog.get_by_role("checkbox").focus()
    press(page, "Space", "Escape", "/")
    assert focused(page) == "search-everywhere"


def test_a_query_is_tried_while_it_is_written(keyboard: Tab) -> None:
    """Counts and complaints appear below the field, which keeps the focus; the status region says the counts."""
    page = keyboard.open("/watches/try")
    page.locator("#query").focus()
    page.keyboard.type("Rutte")
    page.locator("#trial [data-days='7']").wait_for()
    assert "in the last 7 days" in page.get_by_role("status").inner_text()
    page.keyboard.type(" AND (")
    page.locator("#trial [data-complaint]").wait_for()
    assert page.locator("#query").input_value() == "Rutte AND ("
    assert focused(page) == "query"


def test_a_button_works_by_keyboard(keyboard: Tab, steady: Site) -> None:
    """The button is pressed with Enter; the result is in the status region of the next page."""
    before = steady.news.count("/kurier")
    page = keyboard.open("/feeds")
    page.get_by_role("row", name=SLASHED).get_by_role("link").focus()
    press(page, "Tab")
    assert focused(page) == "Poll now"
    with page.expect_navigation():
        press(page, "Enter")
    assert SLASHED in page.get_by_role("status").inner_text()
    steady.running.wait_for(lambda: steady.news.count("/kurier") > before)
    assert keyboard.noise == []
