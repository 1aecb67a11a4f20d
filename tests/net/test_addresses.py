"""Which addresses are public, in every form that hides one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.net.addresses import PUBLIC_V6, REFUSED_V4, REFUSED_V6, Address, embedded_ipv4, is_covered, is_refused

# The IANA IPv4 Special-Purpose Address Registry, whole. Its "globally reachable" services (anycast, AS112, AMT) serve
# no news, so they are refused like the rest of it.
IANA_V4 = (
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
)
UNLISTED_V4 = ("168.63.129.16/32", "224.0.0.0/4")  # Azure's host; multicast, which has a registry of its own
# The IANA IPv6 Special-Purpose Address Registry, whole but for 64:ff9b::/96 (NAT64), which is as public as the IPv4
# address inside.
IANA_V6 = (
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
)
# Multicast, site-local addresses, IPv4-compatible ones, and what no registry has given out.
UNLISTED_V6 = ("ff00::/8", "fec0::/10", "::/96", "::ffff:0:0:0/96", "1::/16", "4000::/3", "6000::/3", "e000::/4")
SPECIAL_V4 = tuple(IPv4Network(network) for network in IANA_V4 + UNLISTED_V4)
SPECIAL_V6 = tuple(IPv6Network(network) for network in IANA_V6 + UNLISTED_V6)
GLOBAL_UNICAST = (IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96"))

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "128.0.0.1", "192.0.1.0", "2606:4700:4700::1111"]
PUBLIC += ["2a00:1450:4001::1", "2001:4860:4860::8888", "2003::1", "64:ff9b::808:808"]


def hidden(address: IPv4Address) -> list[Address]:
    """The address in the forms that carry packets to it: plain, mapped, NAT64, 6to4, Teredo."""
    number = int(address)
    return [
        address,
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x20010000 << 96) | (0x41D0 << 80) | (number ^ 0xFFFFFFFF)),
    ]


def edges(network: IPv4Network | IPv6Network) -> list[Address]:
    """Its first address, its last, and one in the middle."""
    return [network[0], network[network.num_addresses // 2], network[-1]]


def neighbours(networks: Iterable[IPv4Network]) -> Iterator[IPv4Address]:
    """The addresses right before and right after each of the networks."""
    for network in networks:
        if network[0] != IPv4Address("0.0.0.0"):
            yield network[0] - 1
        if network[-1] != IPv4Address("255.255.255.255"):
            yield network[-1] + 1


HIDDEN = sorted({str(form) for network in SPECIAL_V4 for edge in edges(network) for form in hidden(IPv4Address(edge))})
V6_EDGES = sorted({str(edge) for network in SPECIAL_V6 for edge in edges(network)})
PUBLIC_V4 = [str(each) for each in neighbours(SPECIAL_V4) if not any(each in network for network in SPECIAL_V4)]


def test_the_table_is_what_the_ipv4_registry_lists() -> None:
    """No network of the IPv4 registry is missing from the table, and none is in it that nobody listed."""
    assert set(collapse_addresses(REFUSED_V4)) == set(collapse_addresses(SPECIAL_V4))


def test_the_table_for_ipv6_is_what_the_registry_lists_of_global_unicast() -> None:
    """Global unicast is public but for the networks of the IPv6 registry that lie in it."""
    inside = {network for network in SPECIAL_V6 if network.subnet_of(GLOBAL_UNICAST[0])}
    assert set(PUBLIC_V6) == set(GLOBAL_UNICAST)
    assert set(collapse_addresses(REFUSED_V6)) == set(collapse_addresses(inside))


def test_refuses_special_ipv4_in_every_form() -> None:
    """The edges of every special IPv4 network are refused plain, mapped, in NAT64, in 6to4 and in Teredo."""
    assert [address for address in HIDDEN if not is_refused(ip_address(address))] == []


def test_admits_the_neighbours_of_special_ipv4() -> None:
    """The addresses right beside a special IPv4 network are admitted, plain and in NAT64, unless another holds them."""
    assert {"126.255.255.255", "172.32.0.0", "198.17.255.255", "168.63.129.17"} <= set(PUBLIC_V4)
    forms = [form for address in PUBLIC_V4 for form in (ip_address(address), hidden(IPv4Address(address))[2])]
    assert [form for form in forms if is_refused(form)] == []


def test_refuses_special_ipv6() -> None:
    """The edges of every special IPv6 network, and of all that is not global unicast, are refused."""
    assert [address for address in V6_EDGES if not is_refused(ip_address(address))] == []


def test_admits_public_addresses() -> None:
    """Addresses of well-known public servers are admitted."""
    assert [address for address in PUBLIC if is_refused(ip_address(address))] == []


@given(number=st.integers(0, 2**32 - 1))
def test_hidden_forms_are_never_more_public_than_the_address(number: int) -> None:
    """Whatever the IPv4 address, no IPv6 form of it is admitted unless it is public itself."""
    address = IPv4Address(number)
    if is_refused(address):
        assert all(is_refused(form) for form in hidden(address))


@given(number=st.integers(0, 2**32 - 1))
def test_finds_the_address_inside(number: int) -> None:
    """The IPv4 address inside each IPv6 form is found."""
    plain, *forms = hidden(IPv4Address(number))
    assert all(embedded_ipv4(form) == plain for form in forms)


@given(number=st.integers(0, 2**128 - 1))
def test_only_global_unicast_is_public(number: int) -> None:
    """No IPv6 address outside the two public networks is ever admitted."""
    address = IPv6Address(number)
    if not any(address in network for network in GLOBAL_UNICAST):
        assert is_refused(address)


@pytest.mark.parametrize(
    ("address", "network", "refused"),
    [
        ("10.1.2.3", "10.1.0.0/16", False),
        ("10.2.2.3", "10.1.0.0/16", True),
        ("::ffff:10.1.2.3", "10.1.0.0/16", False),
        ("64:ff9b::a01:203", "10.1.0.0/16", False),
        ("2002:a01:203::1", "10.1.0.0/16", True),
        ("2002:a01:203::1", "2002::/16", True),
        ("2002:808:808::1", "2002::/16", False),
        ("64:ff9b::7f00:1", "64:ff9b::/96", True),
        ("fd00::5", "fd00::/8", False),
        ("127.0.0.1", "10.0.0.0/8", True),
    ],
)
def test_allowed_networks_cover_their_own_addresses_only(address: str, network: str, refused: bool) -> None:
    """An allowed network admits its addresses; one that hides another address needs both to be allowed."""
    assert is_refused(ip_address(address), [ip_network(network)]) is refused


def test_is_covered_knows_mapped_addresses() -> None:
    """A mapped address belongs to the network of the IPv4 address inside it, and to no other."""
    assert is_covered(IPv6Address("::ffff:10.0.0.1"), [IPv4Network("10.0.0.0/8")])
    assert not is_covered(IPv6Address("::ffff:10.0.0.1"), [IPv4Network("11.0.0.0/8"), IPv6Network("fd00::/8")])


@given(number=st.integers(0, 2**32 - 1))
def test_every_ipv4_address_is_refused_or_admitted_by_the_registry(number: int) -> None:
    """An IPv4 address is refused exactly if a network of the registry holds it."""
    address = IPv4Address(number)
    assert is_refused(address) == any(address in network for network in SPECIAL_V4)


@given(
    address=st.ip_addresses(v=6)
    | st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address)
    | st.sampled_from(V6_EDGES).map(IPv6Address)
)
def test_every_ipv6_address_is_refused_or_admitted_by_the_registry(address: IPv6Address) -> None:
    """An IPv6 address that hides no other is admitted exactly if it is global unicast and not special."""
    if embedded_ipv4(address) is None:
        public = any(address in network for network in GLOBAL_UNICAST)
        assert is_refused(address) == (not public or any(address in network for network in SPECIAL_V6))
