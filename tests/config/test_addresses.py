"""Addresses in a config: which of them mean the same, however they are spelled."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.config.files import problems, write
from watcher.config import load
from watcher.config.key_types import normal_url, split_http_url

ADDRESSES = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS", "ftp"]),
    st.from_regex(r"[a-z0-9.@-]{0,8}[A-Z]?", fullmatch=True),
    st.sampled_from(["", ":", ":0", ":80", ":443", ":8080", ":080", ":99999", ":x"]),
    st.sampled_from(["", "/"]),
    st.from_regex(r"[ -~\u00e4]{0,12}", fullmatch=True),
)


@pytest.mark.parametrize(
    "other",
    [
        "HTTPS://Blatt.example/feed?a=B",
        "https://blatt.example:443/feed?a=B",
        "https://blatt.example/feed?a=B#top",
    ],
)
def test_spellings_of_one_address_are_the_same(other: str) -> None:
    """Case of scheme and host, the scheme's own port and a fragment make no difference."""
    assert normal_url(other) == normal_url("https://blatt.example/feed?a=B")


@pytest.mark.parametrize("other", ["http://blatt.example/feed", "https://blatt.example/Feed", "https://blatt.example/"])
def test_other_addresses_are_not(other: str) -> None:
    """The scheme, and the case of a path, do."""
    assert normal_url(other) != normal_url("https://blatt.example/feed")


def test_an_address_of_a_feed_may_begin_with_feed(tmp_path: Path) -> None:
    """`feed:` as browsers write it is read as http(s), also where one feed is written twice."""
    text = '[[feeds]]\nname = "a"\nurl = "feed:https://blatt.example/a"\n[[feeds]]\nname = "b"\nurl = "feed://blatt.example/"\n'
    urls = [feed.url for feed in load(write(tmp_path, text)).feeds]
    assert urls == ["https://blatt.example/a", "http://blatt.example/"]
    (twice,) = problems(tmp_path, text.replace("feed://blatt.example/", "https://blatt.example/a"))
    assert "is already" in twice


@given(ADDRESSES)
@example("http://blatt.example/?")
@example("http://blatt.example:80/")
def test_the_plain_way_to_write_an_address_is_not_taken_apart_for_nothing(url: str) -> None:
    """The short way for plain addresses has the result of the long one: the parts, put together again."""
    try:
        parts = split_http_url(url)
    except ValueError:
        return
    address = normal_url(url)
    again = urlsplit(address)
    assert (again.scheme, again.hostname, again.path or "/") == (parts.scheme, parts.hostname, parts.path or "/")
    assert (again.query, again.fragment) == (parts.query, "")
    assert normal_url(address) == address == again.geturl()
