"""Workers that share a newsroom, also while they are killed and suspended: everything is done once, and politely."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import psutil

from tests.cluster.cluster import Cluster, Outlets, Working, configure
from tests.databases import Server
from tests.newsroom import Newsroom
from tests.receivers import Receiver

KILLS = int(os.environ.get("WATCHER_CLUSTER_KILLS", "4"))
"""Processes that are killed; each eighth is the server's postmaster, and one is always."""
PAUSE = 0.4
JITTER = (
    0.2  # of a busy machine, between the sending of a request and its arrival; it does not add up over all requests
)


def test_suspended_and_killed_workers_and_redirects(cluster: Cluster, news: Newsroom) -> None:
    """No host is asked twice within the pause, and each match is a document, notified once, in numbers without gap."""
    hook, outlets = Receiver(news, news.url("/hook")), Outlets(news, 6)
    configure(cluster, outlets, hook, lease="2s", pause=f"{PAUSE}s", every="4s")
    workers = [cluster.start() for _ in range(3)]
    cluster.ready(*workers)
    cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == len(outlets.hosts))
    outlets.publish(5)
    for number, host in enumerate(outlets.hosts):
        outlets.publish_redirect(host, to=outlets.hosts[(number + 1) % 6])
        outlets.publish_redirect(host, to=outlets.hosts[(number + 3) % 6])
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") >= 6)
    others_go_on(cluster, workers[0], suspended=True)
    others_go_on(cluster, workers[1], suspended=False)
    workers[0].signal(signal.SIGCONT)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == outlets.published)
    cluster.wait_for(lambda: '"worker.lost"' in workers[0].log)
    assert_done_once(cluster, outlets, hook)
    for host, times in outlets.starts().items():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) > PAUSE - JITTER, (host, sorted(gaps)[:3])
        assert sum(gaps) > PAUSE * len(gaps) - JITTER, (host, gaps)
    assert [workers[0].end(), workers[2].end()] == [0, 0]


def others_go_on(cluster: Cluster, worker: Working, *, suspended: bool) -> None:
    """Stops a worker that holds shards, and waits until others have them."""
    (held,) = cluster.rows(f"SELECT id FROM workers WHERE pid = {worker.process.pid}")
    mine = f"holds WHERE holder = '{held[0]}' AND name LIKE 'fetch%'"
    cluster.wait_for(lambda: cluster.count(mine) or cluster.count("entries WHERE state <> 'done'") == 0)
    if suspended:
        worker.signal(signal.SIGSTOP)
    else:
        worker.kill()
    cluster.wait_for(lambda: cluster.count(mine) == 0)


def test_killed_workers_and_postmasters(cluster: Cluster, news: Newsroom, postgresql: Server) -> None:
    """Nothing is lost, nothing is done twice, no number is missing, and no job is left behind."""
    hook, outlets, dice = Receiver(news, news.url("/hook")), Outlets(news, 8, delay=0.05), random.Random(KILLS)
    configure(cluster, outlets, hook, lease="2s")
    workers = [cluster.start(), cluster.start()]
    cluster.ready(*workers)
    cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == len(outlets.hosts))
    for kill in range(KILLS):
        outlets.publish(2)
        done = outlets.published - dice.randrange(16)
        cluster.wait_for(partial(at_least_done, cluster, done))
        if kill % 8 == 2:
            cluster.ready(*workers)  # one that cannot start ends, and is started again by systemd
            postgresql.stop()
            time.sleep(dice.random() / 2)
            postgresql.start()
            continue
        place = dice.randrange(len(workers))
        children = workers[place].children()
        workers[place].kill()
        cluster.wait_for(partial(all_gone, children))
        workers[place] = cluster.start()
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == outlets.published)
    assert_done_once(cluster, outlets, hook)
    cluster.ready(*workers)
    cluster.wait_for(lambda: cluster.count("procrastinate_workers") == len(workers))
    assert [worker.end() for worker in workers] == [0, 0]
    assert cluster.count("procrastinate_jobs WHERE status <> 'todo'") == 0
    assert cluster.count("holds WHERE holder IS NOT NULL") == 0


def at_least_done(cluster: Cluster, least: int) -> bool:
    return cluster.count("entries WHERE state = 'done'") >= least


def all_gone(processes: Sequence[psutil.Process]) -> bool:
    return not any(process.is_running() for process in processes)


def assert_done_once(cluster: Cluster, outlets: Outlets, hook: Receiver) -> None:
    """One document of each matching article, its file, its number, and its alert, which may repeat with its id."""
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    cluster.wait_for(lambda: cluster.count("deliveries WHERE state <> 'delivered'") == 0)
    names = cluster.program.names()
    assert [int(name.partition("_")[0]) for name in names] == list(range(outlets.matching))
    assert names == [name for (name,) in cluster.rows("SELECT name FROM documents ORDER BY number")]
    assert Counter(cluster.rows("SELECT times_ingested FROM entries")) == {(1,): outlets.published}
    alerts = {request.headers["webhook-id"]: request.json() for request in hook.accepted}
    sent = Counter(headline["url"] for alert in alerts.values() for headline in alert["headlines"])
    assert Counter(url for (url,) in cluster.rows("SELECT url FROM documents")) == sent
