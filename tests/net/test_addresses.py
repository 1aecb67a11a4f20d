"""Which addresses are public, in every form that hides one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.net.addresses import PUBLIC_V6, REFUSED_V4, REFUSED_V6, Address, embedded_ipv4, is_covered, is_refused

PUBLIC_V4 = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1"]
PUBLIC_V4 += ["169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0"]
PUBLIC_V4 += ["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17"]
PUBLIC = ["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2003::1", "64:ff9b::808:808"]
ELSEWHERE = ["::", "::1", "::7f00:1", "100::1", "64:ff9b:1::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1"]
ELSEWHERE += ["ff0e::1", "4000::1", "5f00::1", "e000::1", "1::1", "::ffff:0:7f00:1"]


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


EDGES = [
    address for network in REFUSED_V4 for address in {network[0], network[-1], network[network.num_addresses // 2]}
]
HIDDEN = sorted({str(form) for edge in EDGES for form in hidden(edge)})
V6_EDGES = sorted({str(address) for network in REFUSED_V6 for address in (network[0], network[-1])} | set(ELSEWHERE))


@pytest.mark.parametrize("address", HIDDEN)
def test_refuses_private_ipv4_in_every_form(address: str) -> None:
    """The edges of every refused IPv4 network are refused plain, mapped, in NAT64, in 6to4 and in Teredo."""
    assert is_refused(ip_address(address))


@pytest.mark.parametrize("address", V6_EDGES)
def test_refuses_special_ipv6(address: str) -> None:
    """Everything of IPv6 that is not global unicast, and the special networks within, is refused."""
    assert is_refused(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC_V4 + PUBLIC)
def test_admits_public_addresses(address: str) -> None:
    """Public addresses are admitted, also those right beside a refused network."""
    assert not is_refused(ip_address(address))


def test_table_has_three_hundred_cases() -> None:
    """The table above is as large as it is meant to be."""
    assert len(HIDDEN) + len(V6_EDGES) + len(PUBLIC_V4) + len(PUBLIC) >= 300


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
    if not any(address in network for network in PUBLIC_V6):
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


@given(number=st.integers(0, 2**32 - 1) | st.sampled_from([int(edge) + step for edge in EDGES for step in (-1, 0, 1)]))
def test_the_table_is_read_as_it_is_written(number: int) -> None:
    """An IPv4 address is refused exactly if one of the networks in the table holds it."""
    address = IPv4Address(number % 2**32)
    assert is_refused(address) == any(address in network for network in REFUSED_V4)


@given(address=st.ip_addresses(v=6) | st.sampled_from([ip_address(edge) for edge in V6_EDGES]))
def test_the_table_for_ipv6_is_read_as_it_is_written(address: IPv6Address) -> None:
    """An IPv6 address that hides no other is admitted exactly if the table says so."""
    if embedded_ipv4(address) is None:
        public = any(address in network for network in PUBLIC_V6)
        assert is_refused(address) == (not public or any(address in network for network in REFUSED_V6))
