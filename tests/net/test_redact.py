"""What is logged holds no secret."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

import watcher.net
from watcher.net import redact_text, redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/feed", "https://example.org/feed"),
        ("https://example.org/feed?token=geheim&page=2", "https://example.org/feed?token=…&page=…"),
        ("https://example.org/feed?geheim", "https://example.org/feed?…"),
        ("https://user:geheim@example.org:8443/feed#geheim", "https://example.org:8443/feed"),
        ("https://user:ge@heim@example.org/", "https://example.org/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://[", "(unreadable URL)"),
        ("geheim", "(unreadable URL)"),
        ("http://example.org/a\x1b[31mb", "http://example.org/a?[31mb"),
    ],
)
def test_urls_lose_their_secrets(url: str, shown: str) -> None:
    """User, password, query values and fragment are hidden; host and path stay, control characters do not."""
    assert redact_url(url) == shown


def test_a_path_is_hidden_on_request() -> None:
    """Where the path is the secret, only scheme and host are shown."""
    assert redact_url("https://hooks.example.org/services/geheim?x", keep_path=False) == "https://hooks.example.org"


def test_texts_lose_urls_and_secrets() -> None:
    """In a text, URLs are redacted and given secrets hidden, also as a URL spells them."""
    text = "POST https://a.example/x?key=geheim failed: ge/heim, ge%2Fheim, but not abc"
    assert redact_text(text, ["ge/heim", "abc"]) == "POST https://a.example/x?key=… failed: …, …, but not abc"


@given(secret=st.text("abcdefghijklmnop/+=&?#%@ ", min_size=4, max_size=30), before=st.text(max_size=20))
def test_a_given_secret_never_stays(secret: str, before: str) -> None:
    """No given secret of four characters or more is left in a text."""
    assert secret not in redact_text(f"{before} {secret} https://example.org/{secret}", [secret])


@given(url=st.text(max_size=60) | st.from_regex(r"https?://\w{1,8}[/?#@:\w\[\]]{0,30}", fullmatch=True))
def test_any_text_is_a_url_or_unreadable(url: str) -> None:
    """Whatever is shown as a URL is printable and has neither a user nor a fragment."""
    shown = redact_url(url)
    assert shown.isprintable()
    assert "@" not in shown.partition("://")[2].partition("/")[0]


def test_httpx_is_quiet() -> None:
    """httpx, which writes whole URLs at INFO, is set to WARNING by importing the room."""
    assert watcher.net.__name__
    assert logging.getLogger("httpx").level == logging.WARNING
