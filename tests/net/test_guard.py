"""Private targets through links, redirects and DNS: refused without a packet, unless the operator meant them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.net.servers import HOME, Names, alert, answer, client, feed, page, redirecting, replying, serving
from watcher.errors import AddressRefused, FetchError, FetchFailure
from watcher.net import Client, NetSettings, Request
from watcher.net.guard import Guard, Route
from watcher.net.target import parse_target

LOOPBACK = (ip_network("127.0.0.0/8"),)
PRIVATE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "168.63.129.16", "::1", "fe80::1"]
PRIVATE += ["fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "224.0.0.1", "0.0.0.0", "::"]
# A name of the public DNS, which anyone may point anywhere.
PUBLIC_NAME = "news.example.org"


def in_url(address: str) -> str:
    """The address as the host of a URL."""
    return f"[{address}]" if ":" in address else address


async def refusal(net: Client, request: Request) -> AddressRefused:
    with pytest.raises(AddressRefused) as caught:
        await net.fetch(request)
    assert not caught.value.sent
    return caught.value


async def test_refuses_a_link_to_a_private_number() -> None:
    """A link that holds a private number is refused, whatever the number."""
    async with client() as net:
        said = [str(await refusal(net, page(f"http://{in_url(address)}/"))) for address in PRIVATE]
    assert [sentence for sentence in said if "not a public address" not in sentence] == []


async def test_refuses_a_name_with_any_private_answer() -> None:
    """A name is refused if one of its addresses is private, whatever the others are and wherever it is among them."""
    public = "93.184.216.34"
    for address in PRIVATE:
        for answers in ([address], [address, public], [public, address]):
            async with client(resolver=Names({PUBLIC_NAME: [answers]})) as net:
                assert str(ip_address(address)) in str(await refusal(net, page(f"http://{PUBLIC_NAME}/")))


async def test_refuses_a_redirect_to_a_private_target() -> None:
    """A redirect to a private number, or to a name that resolves to one, is refused like a link."""
    routes = {f"/{number}": redirecting(f"http://{in_url(address)}/") for number, address in enumerate(PRIVATE)}
    routes["/name"] = redirecting(f"http://{PUBLIC_NAME}/")
    async with serving(replying(routes)) as peer:
        async with client(peer.origin) as net:
            for number in range(len(PRIVATE)):
                await refusal(net, feed(f"{peer.origin}/{number}"))
        for address in PRIVATE:
            async with client(peer.origin, resolver=Names({PUBLIC_NAME: [[address]]})) as net:
                await refusal(net, feed(f"{peer.origin}/name"))


async def test_sends_no_packet_to_a_refused_address() -> None:
    """A refused name opens no connection; the same name, once its network is allowed, opens one."""
    async with serving(replying(answer(b"secret"))) as peer:
        url = f"http://{PUBLIC_NAME}:{peer.port}/"
        async with client(url, resolver=Names({PUBLIC_NAME: [[HOME]]})) as net:
            await refusal(net, page(url))
            assert peer.connections == 0
        async with client(url, resolver=Names({PUBLIC_NAME: [[HOME]]}), allow_private=LOOPBACK) as net:
            assert (await net.fetch(page(url))).body == b"secret"
            assert peer.connections == 1


async def test_dials_the_number_that_was_checked() -> None:
    """A name is asked once: that its next answer would be another changes nothing about what is dialled."""
    async with serving(replying(answer(b"checked"))) as peer, serving(replying(answer(b"rebound"))) as other:
        names = Names({"bridge.test": [[HOME], ["127.0.0.99"]]})
        url = f"http://bridge.test:{peer.port}/"
        async with client(url, resolver=names) as net:
            assert (await net.fetch(feed(url))).body == b"checked"
    assert names.asked == ["bridge.test"]
    assert other.connections == 0


async def test_a_public_name_rebound_to_a_private_number_is_refused() -> None:
    """A name that first was public and then answers with a private number is refused from then on."""
    names = Names({PUBLIC_NAME: [["127.0.0.1"]]})
    async with serving(replying(answer(b"x"))) as peer:
        url = f"http://{PUBLIC_NAME}:{peer.port}/"
        async with client(url, resolver=names, allow_private=(ip_network("127.0.0.1/32"),)) as net:
            await net.fetch(page(url))
            names.answers[PUBLIC_NAME] = [["127.0.0.2"]]
            await refusal(net, page(url))
    assert peer.connections == 1


@pytest.mark.parametrize("port", [1, 21, 22, 25, 81, 444, 3000, 6379, 8080, 8443, 65535])
async def test_refuses_ports_that_the_operator_did_not_write(port: int) -> None:
    """Ports other than 80 and 443 are refused in links, also if only another port of the host is in the config."""
    async with client(f"http://{PUBLIC_NAME}:9000/", resolver=Names({PUBLIC_NAME: [["93.184.216.34"]]})) as net:
        assert f"port {port}" in str(await refusal(net, page(f"http://{PUBLIC_NAME}:{port}/")))


async def test_operator_may_write_a_private_origin() -> None:
    """A feed and a channel at a private address are reached if the operator wrote them."""
    async with serving(replying(answer(b"ok"))) as peer, client(peer.origin) as net:
        assert (await net.fetch(feed(peer.origin))).body == b"ok"
        assert (await net.fetch(alert(peer.origin))).body == b"ok"


async def test_what_the_operator_wrote_needs_no_list() -> None:
    """A channel's address is a secret until it is used: a request with `operator` may use it, and no other request."""
    async with serving(replying(answer(b"ok"))) as peer, client() as net:
        assert (await net.fetch(alert(peer.origin))).body == b"ok"
        await refusal(net, page(peer.origin, referrer_origin=peer.origin))
    assert len(peer.heads) == 1


async def test_a_feed_at_a_private_origin_may_link_to_itself() -> None:
    """A page at the feed's own private origin is fetched; the same link from another feed is refused."""
    async with serving(replying(answer(b"page"))) as peer, client(peer.origin, "https://other.example/") as net:
        assert (await net.fetch(page(f"{peer.origin}/a", referrer_origin=peer.origin))).body == b"page"
        for referrer in (None, "https://other.example", "http://127.0.0.1", f"http://localhost:{peer.port}"):
            await refusal(net, page(f"{peer.origin}/a", referrer_origin=referrer))
    assert len(peer.heads) == 1


async def test_a_public_host_cannot_call_itself_a_private_origin() -> None:
    """That a referrer is private is not enough: the operator must have written that origin."""
    async with serving(replying(answer())) as peer, client() as net:
        await refusal(net, page(peer.origin, referrer_origin=peer.origin))
    assert peer.connections == 0


async def test_a_private_origin_may_redirect_within_itself_only() -> None:
    """A trusted private feed may redirect to its own origin, not to another private one, even a trusted one."""
    async with serving(replying(answer(b"other"))) as other:
        routes = {"/in": redirecting("/here"), "/here": answer(b"here"), "/out": redirecting(other.origin)}
        async with serving(replying(routes)) as peer, client(peer.origin, other.origin) as net:
            assert (await net.fetch(feed(f"{peer.origin}/in"))).body == b"here"
            await refusal(net, feed(f"{peer.origin}/out"))
    assert other.connections == 0


async def test_no_other_origin_redirects_back_to_a_private_one() -> None:
    """Once a fetch has left the feed's private origin, a redirect back to it is refused."""
    ways: dict[str, bytes] = {}
    async with serving(replying(ways)) as home, serving(replying(ways), host="127.0.0.2") as other:
        ways |= {"/feed": redirecting(f"{other.origin}/away"), "/away": redirecting(f"{home.origin}/admin")}
        async with client(home.origin, allow_private=(ip_network("127.0.0.2/32"),)) as net:
            await refusal(net, feed(f"{home.origin}/feed"))
            await refusal(net, page(f"{other.origin}/away", referrer_origin=home.origin))
    assert other.paths == ["/away", "/away"]
    assert home.paths == ["/feed"]


@pytest.mark.parametrize(
    ("name", "admitted"),
    [("bridge", True), ("localhost", True), ("rss.lan", True), ("rss.home.arpa", True), (PUBLIC_NAME, False)],
)
async def test_a_public_name_must_not_turn_private(name: str, admitted: bool) -> None:
    """A name that only the operator's network answers may be private; a public one over http may not."""
    async with serving(replying(answer(b"ok"))) as peer:
        url = f"http://{name}:{peer.port}/"
        async with client(url, resolver=Names({name: [[HOME]]})) as net:
            if admitted:
                assert (await net.fetch(feed(url))).body == b"ok"
            else:
                assert f'add "{HOME}" to net.allow_private' in str(await refusal(net, feed(url)))


async def test_allow_private_opens_links_and_ports() -> None:
    """A network in allow_private may be linked to by anyone, on any port; the rest of the private world may not."""
    async with serving(replying(answer(b"intranet"))) as peer, client(allow_private=LOOPBACK) as net:
        assert (await net.fetch(page(peer.origin))).body == b"intranet"
        await refusal(net, page("http://10.0.0.1/"))
        await refusal(net, page(f"http://93.184.216.34:{peer.port}/"))


@pytest.mark.parametrize("answers", [[], ["not a number"], ["1.2.3.4"] * 5000])
async def test_bad_answers_of_dns_are_failures_of_dns(answers: list[str]) -> None:
    """No answer, nonsense or a flood of answers is a DNS failure."""
    names: Any = Names({PUBLIC_NAME: [answers]})
    async with client(resolver=names) as net:
        if answers == []:
            names.answers[PUBLIC_NAME] = [()]
        with pytest.raises(FetchError) as caught:
            await net.fetch(page(f"http://{PUBLIC_NAME}/"))
    assert caught.value.failure is FetchFailure.DNS


async def test_the_systems_resolver_knows_localhost() -> None:
    """Without another resolver the system is asked, and its answer guarded."""
    async with serving(replying(answer(b"ok"))) as peer:
        url = f"http://localhost:{peer.port}/"
        async with Client(NetSettings(), trusted_origins=[url]) as net:
            assert (await net.fetch(feed(url))).body == b"ok"
            await refusal(net, page(url))


async def test_a_resolver_that_hangs_ends_with_the_deadline() -> None:
    """A DNS server that never answers costs the request's own time and nothing else."""

    async def hangs(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with Client(NetSettings(), trusted_origins=[], resolver=hangs) as net:
        with pytest.raises(FetchError, match="no answer from DNS") as caught:
            await net.fetch(page(f"http://{PUBLIC_NAME}/", timeout=timedelta(seconds=0.1)))
    assert caught.value.failure is FetchFailure.DNS


class Book:
    """A resolver that gives the same answer to every question, and remembers the questions."""

    def __init__(self, answer: Sequence[str] | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def guard(answer: Sequence[str] | Exception, *trusted: str, proxied: bool = False) -> Guard:
    """A guard by itself, for a network in which every name resolves to that."""
    return Guard(trusted_origins=trusted, allow_private=(), resolver=Book(answer), proxied=proxied)


async def admitted(guard: Guard, url: str, *, operator: bool = False, own_origin: str | None = None) -> Route:
    return await guard.admit(parse_target(url), operator=operator, own_origin=own_origin)


async def test_a_private_address_is_proven_by_a_certificate() -> None:
    """The operator's https URL with a public name may lead to a private address: the peer must show its certificate."""
    found = await admitted(guard(["10.0.0.1"]), f"https://{PUBLIC_NAME}/", operator=True)
    assert found == Route(addresses=("10.0.0.1",), own=True)
    with pytest.raises(AddressRefused):
        await admitted(guard(["10.0.0.1"]), f"http://{PUBLIC_NAME}/", operator=True)


async def test_a_public_route_is_not_the_operators_own() -> None:
    """Even if the operator wrote it; each number once, and the resolver is asked for the port that is dialled."""
    book = Book(["93.184.216.34", "93.184.216.34", "2606:4700:4700::1111"])
    guard = Guard(trusted_origins=(), allow_private=(), resolver=book)
    found = await admitted(guard, f"http://{PUBLIC_NAME}:8080/", operator=True)
    assert found == Route(addresses=("93.184.216.34", "2606:4700:4700::1111"), own=False)
    assert book.asked == [(PUBLIC_NAME, 8080)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (OSError(-2, "Name or service not known"), f"{PUBLIC_NAME} has no address: Name or service not known"),
        (OSError("no such name"), f"{PUBLIC_NAME} has no address: no such name"),
        (UnicodeError("label too long"), f"{PUBLIC_NAME} is not a name that DNS can look up"),
        ([], f"{PUBLIC_NAME} has no address"),
        (["93.184.216.34"] * 257, f"{PUBLIC_NAME} has 257 addresses"),
        (["not a number"], f"{PUBLIC_NAME} has an address that cannot be read"),
    ],
)
async def test_says_what_is_wrong_with_an_answer_of_dns(answer: Sequence[str] | Exception, said: str) -> None:
    """Each with its sentence, as a failure of DNS."""
    with pytest.raises(FetchError) as caught:
        await admitted(guard(answer), f"http://{PUBLIC_NAME}/")
    assert (caught.value.failure, str(caught.value)) == (FetchFailure.DNS, said)


async def test_256_addresses_are_not_too_many() -> None:
    """The limit itself is admitted."""
    assert (await admitted(guard(["93.184.216.34"] * 256), f"http://{PUBLIC_NAME}/")).addresses == ("93.184.216.34",)


async def test_a_refusal_says_which_address_and_what_to_do_about_it() -> None:
    """Advice only for the operator's own URL: a link of a page is not a reason to open the network."""
    wrote, trusted = f"http://{PUBLIC_NAME}/feed", f"http://{PUBLIC_NAME}"
    said = []
    for url, operator in ((wrote, True), (wrote, False), ("http://10.0.0.1/", False)):
        with pytest.raises(AddressRefused) as caught:
            await admitted(guard(["10.0.0.1"], trusted), url, operator=operator)
        said.append(str(caught.value))
    assert said == [
        f'{PUBLIC_NAME} resolves to 10.0.0.1, which is not a public address; if it is yours, add "10.0.0.1" to '
        "net.allow_private",
        f"{PUBLIC_NAME} resolves to 10.0.0.1, which is not a public address",
        "10.0.0.1 is not a public address",
    ]


@pytest.mark.parametrize(
    ("url", "operator", "own"),
    [
        ("http://bridge/", True, True),
        ("http://bridge/", False, False),
        (f"http://{PUBLIC_NAME}/", True, False),
        (f"http://{PUBLIC_NAME}/", False, False),
    ],
)
async def test_behind_a_proxy_no_name_is_resolved(url: str, operator: bool, own: bool) -> None:
    """The proxy does that; a local name of the operator's still is the operator's own."""
    there = guard(AssertionError("it was asked"), proxied=True)
    assert await admitted(there, url, operator=operator) == Route(addresses=(), own=own)


async def test_behind_a_proxy_numbers_are_still_checked() -> None:
    """A private number in a link is refused, a public one is dialled by the proxy."""
    there = guard(AssertionError("it was asked"), proxied=True)
    assert (await admitted(there, "http://93.184.216.34/")).addresses == ("93.184.216.34",)
    with pytest.raises(AddressRefused):
        await admitted(there, "http://10.0.0.1/")
