"""Workers that share a newsroom: everything is done once."""

from __future__ import annotations

from tests.cluster.cluster import Cluster, Outlets, configure
from tests.newsroom import Newsroom
from tests.receivers import Receiver


def test_two_workers_do_everything_once(cluster: Cluster, news: Newsroom) -> None:
    """Each match is a document, in numbers without gap, and notified once; both fetch, and no job is left."""
    hook, outlets = Receiver(news, news.url("/hook")), Outlets(news, 8)
    configure(cluster, outlets, hook)
    first, second = cluster.start(), cluster.start()
    cluster.ready(first, second)
    cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == 8)
    outlets.publish(4)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'") == 32)
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    names = cluster.program.names()
    assert [int(name.partition("_")[0]) for name in names] == list(range(outlets.matching))
    cluster.wait_for(lambda: len(hook.accepted) >= outlets.matching)
    assert {entry for (entry,) in cluster.rows("SELECT times_ingested FROM entries")} == {1}
    assert [first.end(), second.end()] == [0, 0]
    assert cluster.count("procrastinate_jobs WHERE status = 'doing'") == 0
    assert cluster.count("workers") == cluster.count("holds WHERE holder IS NOT NULL") == 0
    assert len(hook.accepted) == outlets.matching
