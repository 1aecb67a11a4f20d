"""Run inside a network namespace of its own: every refused address by link, redirect and rebinding, packets counted.

    unshare --user --map-root-user --net python -m tests.net.sealed

Loopback, and a pair of interfaces that swallows what is sent to anywhere else. A packet socket sees both. Prints one
JSON object: what was tried, which fetches were not refused, and where TCP and UDP packets went, without the guard's
consent and (the control) with it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

from tests.net.servers import Names, page, replying, serving
from tests.net.test_addresses import HIDDEN, PUBLIC, PUBLIC_V4, V6_EDGES
from tests.net.test_target import MISLEADING
from watcher.errors import AddressRefused, FetchError
from watcher.net import Client, NetSettings

PUBLIC_SITE = "93.184.216.34"
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_ALL_PROTOCOLS = 0x0003
_TCP, _UDP = 6, 17


class Counter:
    """Where packets went, seen by a socket below everything that could hide them."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
        self._seen: set[str] = set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            packet = self._socket.recv(2048)
            if packet[0] >> 4 == 4 and packet[9] in (_TCP, _UDP):
                self._seen.add(str(IPv4Address(packet[16:20])))
            elif packet[0] >> 4 == 6 and packet[6] in (_TCP, _UDP):
                self._seen.add(str(IPv6Address(packet[24:40])))

    async def take(self) -> set[str]:
        """Destinations since the last call, once a packet of our own shows that nothing is under way."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as marker:
            for _ in range(200):
                marker.sendto(b"x", ("127.0.0.77", 9))
                await asyncio.sleep(0.01)
                if "127.0.0.77" in self._seen:
                    break
        seen, self._seen = self._seen, set()
        return seen - {"127.0.0.77"}


@dataclass(slots=True)
class Report:
    tried: int = 0
    answered: int = 0
    passed: list[str] = field(default_factory=list)
    packets: list[str] = field(default_factory=list)
    control_tried: int = 0
    control_packets: list[str] = field(default_factory=list)
    public_packets: list[str] = field(default_factory=list)


async def main() -> Report:
    set_up()
    counter, report = Counter(), Report()
    refused = [*HIDDEN, *V6_EDGES]
    hosts = [written(address) for address in refused]
    ways: dict[str, bytes] = {"/": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}
    links = [f"http://{host}/" for host in hosts] + MISLEADING
    for number, link in enumerate(links):
        target = "".join(c for c in link if c not in "\r\n\x00")
        head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        ways[f"/{number}"] = head.encode("latin-1")
    names = Names({f"n{number}.example.org": [[PUBLIC_SITE], [address]] for number, address in enumerate(refused)})
    async with serving(replying(ways), host=PUBLIC_SITE, port=80) as site, client(names) as net:
        for number, link in enumerate(links):
            await expect_refusal(net, link, report)
            odd = number >= len(hosts)  # as a redirect it may be no HTTP any more, or another, harmless URL
            await expect_refusal(net, f"http://{PUBLIC_SITE}/{number}", report, any_error=odd)
        for number in range(len(refused)):
            url = f"http://n{number}.example.org/"
            await net.fetch(page(url))  # the first answer is public
            await expect_refusal(net, url, report)
        report.answered = len(site.heads)
    report.packets = sorted(await counter.take())
    await control(counter, report, refused)
    return report


async def control(counter: Counter, report: Report, refused: Sequence[str]) -> None:
    """The same addresses once the operator allows them all, and public ones: now packets must be seen."""
    async with Client(NetSettings(allow_private=EVERYTHING, robots=False), trusted_origins=[]) as net:
        await dial(net, refused)
    report.control_tried = len(refused)
    report.control_packets = sorted(await counter.take())
    async with client(Names({})) as net:
        await dial(net, [*PUBLIC_V4, *PUBLIC])
    report.public_packets = sorted(await counter.take())


async def dial(net: Client, addresses: Iterable[str]) -> None:
    tries = (net.fetch(page(f"http://{written(each)}/", timeout=timedelta(seconds=0.5))) for each in addresses)
    await asyncio.gather(*tries, return_exceptions=True)


async def expect_refusal(net: Client, url: str, report: Report, *, any_error: bool = False) -> None:
    report.tried += 1
    try:
        await net.fetch(page(url))
    except AddressRefused:
        return
    except FetchError as error:
        if not any_error:
            report.passed.append(f"{url}: {error}")
    else:
        report.passed.append(url)


def client(names: Names) -> Client:
    settings = NetSettings(pause=timedelta(0), robots=False, per_host=16)
    return Client(settings, trusted_origins=[], resolver=names)


def written(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def set_up() -> None:
    """Sets up loopback, and an interface with a default route and no host at its other end."""
    for command in (
        "link set lo up",
        "link add veil type veth peer name abyss",
        "link set veil arp off up",
        "link set abyss arp off up",
        f"addr add {PUBLIC_SITE}/32 dev veil",
        "-6 addr add 2a00:1450:4001::99/128 dev veil nodad",
        "route add default dev veil",
        "-6 route add default dev veil",
    ):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(main()))))  # noqa: T201 - what the test reads
