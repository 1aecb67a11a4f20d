"""A page as a browser has it: its accessibility tree, the verdict of axe, its width, and whether it kept quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.needs import stop_at
from tests.patience import HANGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize

NPM = Path(__file__).parent / "npm" / "node_modules"
GOLDEN = Path(__file__).parent / "golden"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
# What changes from run to run: ports, identifiers, times near now.
_CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
    (re.compile(r"\b[0-9a-f]{64}\b|\btoken=[\w-]+"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "FILE"),
    (re.compile(r"\"?\b[0-9a-f]{8}\b\"?"), "ID"),
    (re.compile(r"(?<=/searches/)\d+"), "N"),
    (re.compile(r"(?<=watcher )\d+(?:\.\d+)+"), "VERSION"),
    (re.compile(r"\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d\b"), "DAY"),
    (re.compile(r"just now|in a moment|\d+ (?:minute|hour)s? ago|in \d+ (?:minute|hour)s?\b|gerade eben"), "TIME"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a browser made of one page. `axe`: violations by variant; `overflow`: pixels beyond a narrow screen."""

    tree: str
    axe: dict[str, list[str]]
    overflow: int
    noise: list[str]


@dataclass(slots=True, kw_only=True)
class Tab:
    """A page that remembers what it must not have: messages of the console, requests to other hosts, dialogs."""

    page: Page
    origin: str
    noise: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path, wait_until="load")
        return self.page

    def watch(self) -> None:
        self.page.on("console", lambda message: self._hear(message))
        self.page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.noise.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._note(request))

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium itself reports the status of a page that is an error.
        if not (message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url):
            self.noise.append(f"console: {message.text}")

    def _note(self, request: Request) -> None:
        if not request.url.startswith(self.origin + "/"):
            self.noise.append(f"request: {request.url}")


@contextmanager
def new_tab(chromium: Browser, origin: str, **options: Any) -> Iterator[Tab]:
    """Opens a tab with a profile of its own for the pages at `origin`."""
    context: BrowserContext = chromium.new_context(**{"viewport": WIDE, "locale": "en-GB", **options})
    context.set_default_timeout(HANGS * 1000)
    tab = Tab(page=context.new_page(), origin=origin.rstrip("/"))
    tab.watch()
    try:
        yield tab
    finally:
        context.close()


def visit(tab: Tab, path: str) -> Visit:
    """Opens a page, wide and light, then narrow and dark."""
    tab.noise.clear()
    tab.page.set_viewport_size(WIDE)
    tab.page.emulate_media(color_scheme="light")
    tab.open(path)
    tree = tree_of(tab.page, "body" if path == "/" else "main")
    axe = {"wide, light": axe_of(tab.page)}
    tab.page.emulate_media(color_scheme="dark")
    axe["wide, dark"] = axe_of(tab.page, rules=("color-contrast", "link-in-text-block"))
    tab.page.set_viewport_size(NARROW)
    axe["narrow, dark"] = axe_of(tab.page)
    overflow = tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return Visit(tree=tree, axe=axe, overflow=int(overflow), noise=list(tab.noise))


def tree_of(page: Page, selector: str) -> str:
    """Returns the accessibility tree of a part of the page, with what changes from run to run replaced."""
    tree: str = page.locator(selector).aria_snapshot()
    for pattern, word in _CHANGING:
        tree = pattern.sub(word, tree)
    return tree + "\n"


def agreed(name: str, tree: str, config: pytest.Config) -> tuple[str, str]:
    """Returns a tree and the one that was agreed to; `--rewrite-golden` agrees to the present one."""
    golden = GOLDEN / f"{name}.yml"
    if config.getoption("--rewrite-golden"):
        golden.write_text(tree, encoding="utf-8")
    return tree, golden.read_text(encoding="utf-8") if golden.is_file() else ""


def axe_of(page: Page, *, rules: tuple[str, ...] = ()) -> list[str]:
    """Returns what axe complains about: rule, element, and how to repair it."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe_source())
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **only})
    return [
        f"{each['id']}: {node['html']}: {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def axe_source() -> str:
    return npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")


def npm_file(path: str) -> Path:
    """Returns a file of a package of npm."""
    file = NPM / path
    stop_at("" if file.is_file() else f"the npm package {Path(path).parts[0]} is not installed: make peers")
    return file
