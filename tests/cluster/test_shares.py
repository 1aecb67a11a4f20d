"""Workers that take a part of the work each: of the shards, of the roles, of a followed list."""

from __future__ import annotations

import json
import signal
from collections.abc import Collection
from functools import partial

from tests.acceptance.test_followed_lists import opml
from tests.cluster.cluster import Cluster, Outlets, Working, configure
from tests.databases import Server
from tests.newsroom import Newsroom
from tests.patience import HANGS
from watcher.text.registrable import shard_of_host

SHARDS = 64


def polls(outlets: Outlets, hosts: Collection[str]) -> dict[str, int]:
    """The requests for the feeds of hosts."""
    counts = outlets.news.counts()
    return {host: counts.get(outlets.feeds[host], 0) for host in hosts}


def polled(outlets: Outlets, hosts: Collection[str], *, more_than: int = 0) -> bool:
    return all(count > more_than for count in polls(outlets, hosts).values())


def event(worker: Working, name: str) -> list[dict[str, object]]:
    """The lines of a worker's log with an event."""
    lines = [json.loads(line) for line in worker.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == name]


def test_disjoint_shards(cluster: Cluster, news: Newsroom) -> None:
    """Each worker asks only the hosts of its shards. Shards that none takes are named to the operator until one does,
    and so is a role that none has.
    """
    outlets = Outlets(news, 8)
    lower = {host for host in outlets.hosts if shard_of_host(host, SHARDS) < 32}
    upper = set(outlets.hosts) - lower
    assert lower
    assert upper
    configure(cluster, outlets, None, lease="2s", every="1s")
    first = cluster.start("--roles", "fetch", "--shards", "0-31")
    cluster.ready(first)
    cluster.wait_for(lambda: polled(outlets, lower))
    cluster.wait_for(lambda: len(event(first, "work.unattended")) == 2)
    health = cluster.program.command("healthcheck", "--json")
    assert health.code == 1
    found = f"No worker takes the shards 32-63, with {len(upper)} feeds and 0 waiting pages"
    missing = {f"{found}: start one with --shards 32-63.", "No worker has the role archive: start one with it."}
    assert set(health.json["problems"]) == missing
    assert not any(polls(outlets, upper).values())

    second = cluster.start("--roles", "fetch,archive", "--shards", "32-63")
    cluster.ready(second)
    cluster.wait_for(lambda: polled(outlets, upper))
    cluster.wait_for(lambda: cluster.count("troubles") == 0)
    assert cluster.program.command("healthcheck").code == 0
    outlets.publish(2)
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    cluster.wait_for(lambda: cluster.count("entries WHERE times_ingested = 1") == outlets.published)
    held = cluster.rows(
        "SELECT shards, CAST(substr(name, 7) AS int) FROM holds JOIN workers ON workers.id = holder "
        "WHERE name LIKE 'fetch%'"
    )
    assert {(shards, shard < 32) for shards, shard in held} == {("0-31", True), ("32-63", False)}
    assert first.end() == 0
    former, seen = polls(outlets, lower), max(polls(outlets, upper).values())
    cluster.wait_for(lambda: polled(outlets, upper, more_than=seen + 1))
    assert polls(outlets, lower) == former
    assert second.end() == 0


def test_a_worker_ends_while_the_database_is_away(cluster: Cluster, news: Newsroom, postgresql: Server) -> None:
    """SIGTERM ends it without a traceback; its work is left to others, who take it when the lease has ended."""
    outlets = Outlets(news, 4, delay=0.05)
    outlets.publish(20)
    configure(cluster, outlets, None, lease="8s", every="1s")
    workers = [cluster.start(), cluster.start()]
    cluster.ready(*workers)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") >= 4)
    postgresql.stop()
    try:
        for worker in workers:
            worker.signal(signal.SIGTERM)
        assert [worker.process.wait(HANGS) for worker in workers] == [0, 0]
        assert all("others take it when the lease ends" in worker.log for worker in workers)
        assert not any("does not answer, so the work is not handed back" in worker.log for worker in workers)
    finally:
        postgresql.start()
    last = cluster.start()
    cluster.ready(last)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == outlets.published)
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    assert cluster.count("entries WHERE times_ingested <> 1") == 0
    assert last.end() == 0


LIST_URL = "http://liste.news/feeds.opml"
FOLLOWED = f'[[opml]]\nname = "Liste"\nurl = "{LIST_URL}"\n'


def serve(news: Newsroom, hosts: Collection[str]) -> None:
    news.feed_bytes(LIST_URL, opml({host: f"http://{host}/feed" for host in sorted(hosts)}))


def test_a_followed_list_of_two_workers(cluster: Cluster, news: Newsroom) -> None:
    """One of them reads it, both poll its feeds, each feed once. A feed that leaves is muted once, and stays so."""
    outlets = Outlets(news, 6)
    serve(news, outlets.hosts[:5])
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={}, more=FOLLOWED)
    workers = [cluster.start(), cluster.start()]
    cluster.ready(*workers)
    cluster.wait_for(lambda: polled(outlets, outlets.hosts[:5]))
    cluster.wait_for(partial(takes_both, cluster))
    outlets.publish(2)
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == 5)
    serve(news, outlets.hosts[1:])
    cluster.wait_for(lambda: polled(outlets, outlets.hosts[5:]))
    gone = outlets.hosts[0]
    cluster.wait_for(lambda: cluster.count(f"feeds WHERE active AND url LIKE '%{gone}/%'") == 0)
    former, seen = polls(outlets, [gone]), max(polls(outlets, outlets.hosts[1:5]).values())
    cluster.wait_for(lambda: polled(outlets, outlets.hosts[1:5], more_than=seen + 2))
    assert polls(outlets, [gone]) == former
    changes = [line for worker in workers for line in event(worker, "list.changed")]
    assert [(line["added"], line["muted"]) for line in changes] == [(5, 0), (1, 1)]
    assert cluster.count("feeds") == cluster.count("listed_feeds") == 6
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    assert cluster.count("entries WHERE times_ingested <> 1") == 0
    assert [worker.end() for worker in workers] == [0, 0]


def test_the_first_list_comes_by_a_reload(cluster: Cluster, news: Newsroom) -> None:
    """Both workers learn what one of them reads, and poll its feeds."""
    outlets = Outlets(news, 12)
    serve(news, outlets.hosts)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={})
    workers = [cluster.start(), cluster.start()]
    cluster.ready(*workers)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={}, more=FOLLOWED)
    for worker in workers:
        worker.signal(signal.SIGHUP)
    cluster.wait_for(lambda: polled(outlets, outlets.hosts))
    cluster.wait_for(partial(takes_both, cluster))
    assert [worker.end() for worker in workers] == [0, 0]


def test_a_paused_worker_follows_no_list(cluster: Cluster, news: Newsroom) -> None:
    """It has a config of before, and would subscribe to its feeds every 15 seconds in place of those of the new one."""
    outlets = Outlets(news, 4)
    new = outlets.hosts[3:]
    serve(news, outlets.hosts[:3])
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={}, more=FOLLOWED)
    first, second = cluster.start(), cluster.start()
    cluster.ready(first, second)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={host: outlets.feeds[host] for host in new})
    first.signal(signal.SIGHUP)
    cluster.wait_for(lambda: event(second, "worker.paused"))
    cluster.wait_for(lambda: polled(outlets, new, more_than=16))  # once a second at most
    assert cluster.count("feeds WHERE active") == 1
    assert [first.end(), second.end()] == [0, 0]


def test_a_list_that_answers_after_a_reload_is_not_followed(cluster: Cluster, news: Newsroom) -> None:
    """The worker that reads it pauses; what it has read under the former config changes nothing."""
    outlets = Outlets(news, 4)
    new = outlets.hosts[3:]
    serve(news, outlets.hosts[:3])
    gate = news.hold(LIST_URL)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={}, more=FOLLOWED)
    workers = [cluster.start(), cluster.start()]
    cluster.ready(*workers)
    cluster.wait_for(lambda: news.count(LIST_URL))
    ((pid,),) = cluster.rows("SELECT pid FROM holds JOIN workers ON workers.id = holder WHERE name = 'upkeep'")
    reading, other = sorted(workers, key=lambda worker: worker.process.pid != pid)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={host: outlets.feeds[host] for host in new})
    other.signal(signal.SIGHUP)
    cluster.wait_for(lambda: event(reading, "worker.paused"))
    cluster.wait_for(lambda: polled(outlets, new))
    gate.release()
    cluster.wait_for(lambda: polled(outlets, new, more_than=6))  # once a second at most
    assert cluster.count("feeds WHERE active") == 1
    assert cluster.count("listed_feeds") == 0
    assert not event(reading, "list.changed")
    assert [worker.end() for worker in workers] == [0, 0]


def takes_both(cluster: Cluster) -> bool:
    """Whether each of two workers has polled."""
    return cluster.count("workers WHERE CAST(tally ->> 'polls' AS int) > 0") == 2
