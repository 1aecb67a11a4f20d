"""A new installation in a German browser: the token, and what empty pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.program import Program
from tests.web.browser.browsing import agreed, axe_of, new_tab, tree_of
from tests.web.conftest import daemon

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
PAGES = (
    "/",
    "/search?q=Rutte",
    "/watches",
    "/watches/try?query=Rutte",
    "/timeline",
    "/feeds",
    "/outbox",
    "/press-review",
    "/status",
)


def test_empty_pages_say_what_to_do(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> None:
    """Logged in by keyboard, each page is accessible, in German, and as agreed."""
    program = Program(tmp_path_factory.mktemp("empty"))
    (program.folder / "token").write_text("losung-4711\n", encoding="utf-8")
    web = 'listen = "127.0.0.1:0"\ntoken_file = "token"'
    with daemon(program, web, feeds={}, terms={}) as (running, client):
        with new_tab(chromium, str(client.base_url), locale="de-DE", color_scheme="dark") as tab:
            page = tab.open("/feeds")
            assert axe_of(page) == []
            trees = [tree_of(page, "main")]
            page.get_by_label("Token").focus()
            page.keyboard.type("losung-4711")
            with page.expect_navigation():
                page.keyboard.press("Enter")
            assert page.url.endswith("/feeds")
            for path in PAGES:
                tab.open(path)
                assert (path, axe_of(page)) == (path, [])
                trees.append(tree_of(page, "body" if path == "/" else "main"))
            assert tab.noise == []
        assert running.end() == 0
    made, golden = agreed("empty", "\n".join(trees), pytestconfig)
    assert made == golden
