"""URLs are read strictly: what is checked is what is dialled."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net.target import is_same_origin, origin_of, origins_of, parse_target

MISLEADING = [
    "file:///etc/passwd",
    "ftp://example.org/",
    "gopher://example.org/",
    "javascript:alert(1)",
    "data:text/html,x",
    "ws://example.org/",
    "http://user@example.org/",
    "http://user:password@example.org/",
    "http://@example.org/",
    "http://:@example.org/",
    "http://example.org@127.0.0.1/",
    "http://127.0.0.1\\@example.org/",
    "http://example.org\\.evil.test/",
    "http://example.org/\\path",
    "http:\\\\example.org/",
    "http://exa\tmple.org/",
    "http://example.org/\r\nHost: evil",
    "http://example.org/\x00",
    "http://example.org/\x7f",
    "http://example.org/\x85",
    "\thttp://example.org/",
    "http://example.org/\n",
    "http://0x7f000009/",
    "http://0X7F.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://2130706441/",
    "http://127.9/",
    "http://127.0.9/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.01/",
    "http://127.0.0.1.1/",
    "http://127.0.0.256/",
    "http://4294967296/",
    "http://0/",
    "http://0x/",
    "http://1/",
    "http://example.1/",
    "http://a.0x1f/",
    "http://127.9./",
    "http://%31%32%37.0.0.1/",
    "http://[fe80::1%25eth0]/",
]
UNREADABLE = [
    "",
    " ",
    "example.org",
    "//example.org/",
    "/path",
    "http:",
    "http:/example.org/",
    "http:example.org",
    "http://",
    "http:///path",
    "http://?query",
    "http://:80/",
    "http://.",
    "http://..",
    "http://example..org/",
    "http://.example.org/",
    "http://exa mple.org/",
    "http://example.org:port/",
    "http://example.org:-1/",
    "http://example.org:0/",
    "http://example.org:65536/",
    "http://[::1/",
    "http://[]/",
    "http://[::g]/",
    "http://[127.0.0.1]/",
    "http://::1/",
    "http://exam%70le.org/",
    "http://exa$mple.org/",
    "http://-example.org/",
    "http://example-.org/",
    "http://" + "a" * 64 + ".org/",
    "http://" + "a." * 130 + "org/",
    "http://example.org/" + "a" * 9000,
    "http://xn--\u00e4.org/",
]
READ = [
    ("http://example.org", "http://example.org", "/", 80),
    ("https://example.org/a?b=c#d", "https://example.org", "/a?b=c", 443),
    ("HTTP://EXAMPLE.ORG:80/A", "http://example.org", "/A", 80),
    ("https://example.org:8443/", "https://example.org:8443", "/", 8443),
    ("http://example.org:443/", "http://example.org:443", "/", 443),
    ("http://example.org./x", "http://example.org", "/x", 80),
    ("http://a_b.example.org/", "http://a_b.example.org", "/", 80),
    ("http://münchen.example/bücher?q=ä", "http://xn--mnchen-3ya.example", "/b%C3%BCcher?q=%C3%A4", 80),
    ("http://example.org/a b", "http://example.org", "/a%20b", 80),
    ("http://example.org/a%2Fb%20c", "http://example.org", "/a%2Fb%20c", 80),
    ("  http://example.org/ ", "http://example.org", "/", 80),
    ("http://example.org?x", "http://example.org", "/?x", 80),
    ("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]", "/", 80),
    ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", "/", 8080),
    ("http://127.0.0.1./", "http://127.0.0.1", "/", 80),
    ("http://127。0。0。1/", "http://127.0.0.1", "/", 80),
    ("http://example.org/@handle", "http://example.org", "/@handle", 80),
]


@pytest.mark.parametrize("url", MISLEADING)
def test_refuses_what_could_mislead(url: str) -> None:
    """Other schemes, credentials, backslashes, control characters and odd spellings of numbers are refused."""
    with pytest.raises(AddressRefused):
        parse_target(url)


@pytest.mark.parametrize("url", UNREADABLE)
def test_says_what_is_no_url(url: str) -> None:
    """A text that is not an http(s) URL with a possible host and port is called an invalid URL."""
    with pytest.raises(FetchError) as caught:
        parse_target(url)
    assert caught.value.failure is FetchFailure.INVALID_URL


@pytest.mark.parametrize(("url", "origin", "path", "port"), READ)
def test_reads_urls(url: str, origin: str, path: str, port: int) -> None:
    """A readable URL gives its origin, path and port, in one spelling."""
    target = parse_target(url)
    assert (target.origin, target.path, target.port) == (origin, path, port)


@pytest.mark.parametrize(("url", "origin", "path", "port"), READ)
def test_one_spelling_is_final(url: str, origin: str, path: str, port: int) -> None:
    """The URL of a target reads as the same target, and its origin as itself."""
    target = parse_target(url)
    assert parse_target(target.url) == target
    assert origin_of(origin) == origin


def test_knows_numbers_in_urls() -> None:
    """A target says whether its URL holds an address, in whatever characters the digits are written."""
    assert str(parse_target("http://127。0。0。1/").address) == "127.0.0.1"
    assert str(parse_target("http://[::ffff:7f00:1]/").address) == "::ffff:7f00:1"
    assert parse_target("http://example.org/").address is None


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=40) | st.text("htp:/\\@[]%.0x1a?# \t", max_size=30),
    prefix=st.sampled_from(["", "http://", "https://a.example/"]),
)
def test_reads_or_refuses_anything(text: str, prefix: str) -> None:
    """Any text at all is read or refused with a FetchError; what is read holds no credentials and a plain host."""
    try:
        target = parse_target(prefix + text)
    except FetchError:
        return
    assert target.host.isascii()
    assert "@" not in target.origin
    assert parse_target(target.url) == target


@pytest.mark.parametrize("url", ["http://user:geheim@example.org/", "http://exa mple.org/?token=geheim"])
def test_names_no_secret(url: str) -> None:
    """A refusal names neither password nor query."""
    with pytest.raises(FetchError) as caught:
        parse_target(url)
    assert "geheim" not in str(caught.value)


@given(
    st.sampled_from(["http", "https", "ftp", "HTTP"]),
    st.from_regex(r"[a-z0-9.x:@-]{1,30}", fullmatch=True),
    st.from_regex(r"(/[ -~\u00e4]{0,20})?", fullmatch=True),
)
def test_the_short_way_to_an_origin_leads_to_the_same(scheme: str, authority: str, path: str) -> None:
    """The origin of any address is that of its target, or it is refused as its target is."""
    url = f"{scheme}://{authority}{path}"
    try:
        expected = parse_target(url).origin
    except FetchError as error:
        with pytest.raises(type(error)):
            origin_of(url)
    else:
        assert origin_of(url) == expected


def test_an_address_that_cannot_be_fetched_shares_no_origin() -> None:
    """Addresses in the sitemaps of others are compared without an error."""
    assert is_same_origin("https://Blatt.example/a", "https://blatt.example:443/b")
    assert not is_same_origin("http://blatt.example/", "https://blatt.example/")
    for broken in ("http://blatt.example:0/", "http://blatt.example:x/", "http://[x/", ""):
        assert not is_same_origin(broken, "http://blatt.example/")
        assert not is_same_origin(broken, broken)


def test_the_origin_of_a_plain_address_is_its_prefix() -> None:
    """The usual case, and one beside it for each thing that makes an address unusual."""
    assert origin_of("https://www.blatt-aus-x.example/feed?a=b#c") == "https://www.blatt-aus-x.example"
    for unusual in ("https://WWW.example/", "https://blatt.example:8443/", "http://127.0.0.1/", "http://[::1]/"):
        assert origin_of(unusual) == parse_target(unusual).origin


@given(
    st.lists(
        st.builds(
            "{}://{}{}".format,
            st.sampled_from(["http", "https", "HTTP", " http"]),
            st.from_regex(r"[a-z0-9.:@%\\-]{1,12}", fullmatch=True) | st.sampled_from(["a.example", "127.0.0.1:81"]),
            st.from_regex(r"([/?#][ -~\u00e4]{0,20})?", fullmatch=True),
        )
        | st.sampled_from((*MISLEADING, *UNREADABLE, *(url for url, *_ in READ)))
    )
)
def test_the_origins_of_many_are_those_of_each(urls: list[str]) -> None:
    """Addresses of one host are looked at once; what cannot be read has no origin, whatever its host."""
    expected = set()
    for url in urls:
        with suppress(FetchError):
            expected.add(parse_target(url).origin)
    assert origins_of(urls) == expected
