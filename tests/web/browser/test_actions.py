"""The buttons of the pages, pressed in a browser with scripts and in one without: the next page says what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.browser.browsing import NARROW, Tab, agreed, axe_of, new_tab, tree_of
from tests.web.browser.conftest import started_site
from tests.web.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon of its own, because the buttons change what its pages show."""
    with started_site(tmp_path_factory.mktemp("busy")) as site:
        yield site


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def small(request: pytest.FixtureRequest, chromium: Browser, busy: Site) -> Iterator[Tab]:
    """A small, light screen."""
    options = {"viewport": NARROW, "color_scheme": "light", "java_script_enabled": request.param}
    with new_tab(chromium, str(busy.client.base_url), **options) as opened:
        yield opened


def press(tab: Tab, place: Locator, name: str) -> str:
    """Presses a button and returns the result that the next page shows."""
    with tab.page.expect_navigation():
        place.get_by_role("button", name=name).click()
    shown: str = tab.page.get_by_role("status").inner_text()
    return shown.strip()


def test_a_dropped_alert_is_sent_again_and_its_channel_resumed(small: Tab, busy: Site) -> None:
    """Dropped, found among the dead ones, sent again; the channel is parked, resumed, and parked by its next answer."""
    page = small.open("/outbox?channel=zu")
    row = page.locator("[data-delivery]").first
    dropped = str(row.get_attribute("data-delivery"))
    assert press(small, row, "Drop") == f"The alert {dropped[:8]} is dropped."
    small.open("/outbox?state=dead")
    assert press(small, page.locator(f"[data-delivery='{dropped}']"), "Send again") == (
        f"The alert {dropped[:8]} is sent again."
    )
    page = small.open("/outbox")
    tried = len(busy.gone.requests)
    assert press(small, page.locator("[data-channel=zu]"), "Resume").startswith("The channel zu is resumed")
    busy.running.wait_for(lambda: len(busy.gone.requests) > tried)
    busy.running.wait_for(lambda: busy.json("/outbox.json")["channels"][1]["parked"] is not None)
    assert small.noise == []


def test_an_alert_is_sent_again(small: Tab, busy: Site) -> None:
    """One that was delivered: the channel receives it once more."""
    sent = len(busy.hook.accepted)
    page = small.open("/outbox?state=delivered&channel=haken")
    assert press(small, page.locator("[data-delivery]").first, "Send again").endswith("is sent again.")
    busy.hook.wait_for(sent + 1)
    assert small.noise == []


def test_a_search_is_a_feed_until_it_is_removed(
    small: Tab, busy: Site, chromium: Browser, pytestconfig: pytest.Config
) -> None:
    """Made, given new addresses, which end the former ones, and removed; the block of searches as agreed, and for
    everybody.
    """
    page = small.open("/search?q=Rutte+Boote&in=seen")
    assert (
        press(small, page.locator("main"), "Make this a feed for other readers") == "The search Rutte Boote is a feed."
    )
    block = page.locator("[data-search-feed]")
    (made, golden) = agreed("searches", tree_of(page, "section:has([data-search-feed])"), pytestconfig)
    assert made == golden
    with new_tab(chromium, small.origin, viewport=NARROW, color_scheme="light") as judge:
        judge.open("/watches")
        assert axe_of(judge.page) == []
    former = busy.json("/watches.json")["searches"][0]["atom"]
    assert busy.get(former).status_code == 200
    assert press(small, block, "New addresses").startswith("The feed has new addresses")
    assert busy.get(former).status_code == 404
    assert busy.get(busy.json("/watches.json")["searches"][0]["json_feed"]).status_code == 200
    assert press(small, block, "Remove") == "The feed is removed."
    assert block.count() == 0
    assert small.noise == []


def test_the_feed_of_a_watch_gets_new_addresses(small: Tab, busy: Site) -> None:
    """The former ones end."""
    former = busy.json("/watches.json")["watches"][0]["json_feed"]
    page = small.open("/watches")
    assert press(small, page.locator("[data-watch=Rutte]"), "New addresses").startswith("The feed has new addresses")
    assert busy.get(former).status_code == 404
    assert small.noise == []
