"""Addresses as people paste them and programs hand them over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text.addresses import clean_address

INVISIBLE = st.text(
    st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202c\u00a0\u3000\u2028 \t\r\n\x00\x85"), max_size=4
)
ADDRESSES = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["blatt.example", "127.0.0.1:8080", "zeitung.example:8443", "münster.example"]),
    st.sampled_from(["/feed.xml", "/", "/a?b=1&c=%E2%80%8B", "/übersicht", "/a?u=feed:x", "/a\u200bb"]),
)


@given(before=INVISIBLE, address=ADDRESSES, after=INVISIBLE)
def test_what_cannot_be_seen_is_no_part_of_an_address(before: str, address: str, after: str) -> None:
    """White space and format characters go at both ends, and stay within."""
    assert clean_address(before + address + after) == address


@given(
    before=INVISIBLE, prefix=st.sampled_from(["feed:", "Feed:", "FEED://", "feed:feed:", "feed://"]), address=ADDRESSES
)
def test_feed_in_front_of_an_address_is_removed(before: str, prefix: str, address: str) -> None:
    """`feed:` before an http(s) address says only which program the address is for."""
    assert clean_address(before + prefix + address) == address


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("feed://blatt.example/rss", "http://blatt.example/rss"),
        ("FEED://blatt.example:8080/rss", "http://blatt.example:8080/rss"),
        ("feed:blatt.example/rss", "http://blatt.example/rss"),
        ("feed:", "feed:"),
        ("feed:///etc/passwd", "feed:///etc/passwd"),
        ("feedback://x/", "feedback://x/"),
        ("feed.xml", "feed.xml"),
        ("ftp://blatt.example/", "ftp://blatt.example/"),
        ("http://blatt.example/feed:x", "http://blatt.example/feed:x"),
        ("", ""),
        ("\u200b ", ""),
    ],
)
def test_feed_alone_is_http(given: str, expected: str) -> None:
    """`feed://` is read by http; a file, or another scheme, is left alone."""
    assert clean_address(given) == expected
