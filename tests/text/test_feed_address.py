"""Which addresses are one feed."""

from __future__ import annotations

import pytest

from watcher.text.feed_address import feed_address_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://blatt.example/rss", "https://blatt.example/rss"),
        ("https://blatt.example/rss", "https://BLATT.Example/rss"),
        ("https://blatt.example/rss", "HTTPS://blatt.example:443/rss"),
        ("http://blatt.example:80/rss", "https://blatt.example/rss"),
        ("http://blatt.example:8080/rss", "https://blatt.example:8080/rss"),
        ("https://blatt.example/rss", "https://blatt.example/rss#neu"),
        ("https://blatt.example/rss", "https://blatt.example/rss/"),
        ("https://blatt.example", "https://blatt.example/"),
        ("https://blatt.example/?feed=rss2", "https://blatt.example?feed=rss2"),
        ("https://bücher.example/rss", "https://xn--bcher-kva.example/rss"),
        ("feed://blatt.example/rss", "https://blatt.example/rss"),
        ("  https://blatt.example/rss\n", "https://blatt.example/rss"),
        ("http://[2001:DB8::1]:80/rss", "https://[2001:db8::1]/rss/"),
    ],
)
def test_spellings_of_one_address_are_one_feed(one: str, other: str) -> None:
    """Scheme, case of the host, default port, fragment and one trailing slash make no difference."""
    assert feed_address_key(one) == feed_address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://blatt.example/rss", "https://blatt.example/RSS"),
        ("https://blatt.example/rss", "https://www.blatt.example/rss"),
        ("https://blatt.example/rss", "https://blatt.example:8443/rss"),
        ("https://blatt.example/rss", "https://blatt.example/rss//"),
        ("https://blatt.example/?feed=rss2", "https://blatt.example/?feed=atom"),
        ("https://blatt.example/?feed=rss2", "https://blatt.example/"),
        ("https://anna@blatt.example/rss", "https://blatt.example/rss"),
        ("http://[2001:db8::1]:80/rss", "http://[2001:db8::1:80]/rss"),
        ("https://blatt.example/rss", "ftp://blatt.example/rss"),
    ],
)
def test_different_addresses_are_different_feeds(one: str, other: str) -> None:
    """Path, query, port, user and another host keep two feeds apart."""
    assert feed_address_key(one) != feed_address_key(other)


@pytest.mark.parametrize("text", ["", "blatt", "https://[x/", "https://blatt.example:99999/", "javascript:x()", "//"])
def test_a_text_that_is_not_an_address_is_its_own_key(text: str) -> None:
    """Broken addresses raise nothing and equal only themselves."""
    assert feed_address_key(text) == text
