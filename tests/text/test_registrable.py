"""Which hosts belong to one site."""

from __future__ import annotations

import pytest

from watcher.text.registrable import registrable_domain, site_of


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.blatt.de", "blatt.de"),
        ("blatt.de", "blatt.de"),
        ("A.B.Blatt.CO.UK.", "blatt.co.uk"),
        ("anna.github.io", "anna.github.io"),
        ("www.blatt.example", "blatt.example"),
        ("rss.bücher.de", "xn--bcher-kva.de"),
        ("rss.xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_the_registrable_domain_of_a_host(host: str, domain: str) -> None:
    """By the public suffix list; addresses, local names and suffixes are their own; unknown suffixes have one label."""
    assert registrable_domain(host) == domain


@pytest.mark.parametrize("host", ["a..b", "...", ".", "a b.de", "x" * 300 + ".de", "-.de", "a_b.example", "\x00.de"])
def test_odd_hosts_raise_nothing(host: str) -> None:
    """What is not a name has some domain, too."""
    assert isinstance(registrable_domain(host), str)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://anna:x@www.blatt.co.uk:8443/a", "blatt.co.uk"),
        ("http://[::1]/", "::1"),
        ("http://[x/", ""),
        ("/a", ""),
        ("", ""),
    ],
)
def test_the_site_of_an_address(url: str, site: str) -> None:
    """It is the registrable domain of the host; text that is not an address has none."""
    assert site_of(url) == site
