"""Each page in a browser: accessible in both schemes and at both widths, quiet, and read aloud as agreed."""

from __future__ import annotations

import pytest

from tests.web.browser.browsing import Tab, agreed
from tests.web.browser.conftest import PAGES, Visits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visits: Visits, name: str) -> None:
    """No rule of axe is broken, light and dark, wide and narrow."""
    assert {variant: found for variant, found in visits[name].axe.items() if found} == {}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(visits: Visits, name: str) -> None:
    """At 320 pixels the page is as wide as the screen; wide tables scroll by themselves."""
    assert visits[name].overflow == 0


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet(visits: Visits, name: str) -> None:
    """No message on the console, no dialog, no request to another host, also with hostile text."""
    assert visits[name].noise == []


@pytest.mark.parametrize("name", PAGES)
def test_the_accessibility_tree_is_the_agreed_one(visits: Visits, name: str, pytestconfig: pytest.Config) -> None:
    """What a screen reader gets."""
    made, golden = agreed(name, visits[name].tree, pytestconfig)
    assert made == golden


@pytest.mark.parametrize("name", ["press-review", "document"])
def test_paper_shows_the_text_only(tab: Tab, name: str) -> None:
    """No menu, no form and no button is printed; links are printed with their address in the press review."""
    page = tab.open(PAGES[name])
    page.emulate_media(media="print")
    try:
        assert not [each for each in page.locator("header, footer, form, button").all() if each.is_visible()]
        assert page.locator("h1").is_visible()
        if name == "press-review":
            after = page.locator("main h2 a").first.evaluate("link => getComputedStyle(link, '::after').content")
            assert "/agentur.html" in after
    finally:
        page.emulate_media(media="screen")
