"""What a worker refuses, how it changes its config with the others, and what it leaves behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.program import Program
from tests.cluster.cluster import Cluster, Outlets, configure
from tests.databases import Server
from tests.newsroom import Newsroom

NOWHERE = "postgresql+psycopg://watcher:geheim@127.0.0.1:1/state"


def test_what_is_refused_beside_a_worker(cluster: Cluster, news: Newsroom, tmp_path: Path) -> None:
    """`run`, `once`, and a worker of another config: a sentence each. No job is left when all is quiet."""
    outlets = Outlets(news, 3)
    configure(cluster, outlets, None, every="24h")
    worker = cluster.start("--roles", "fetch,archive", "--shards", "0-63")
    cluster.ready(worker)
    assert '"roles": "archive,fetch", "shards": "0-63"' in worker.log
    refused = cluster.program.command("once")
    assert (refused.code, "workers work on it" in refused.stderr) == (1, True), refused.stderr
    other = Cluster(tmp_path / "zweiter", cluster.url)
    other.program.folder.mkdir()
    configure(other, outlets, None, every="12h", pause="3s")
    refused = other.program.command("worker")
    assert refused.code == 78
    assert "another config: feeds, net on " in refused.stderr
    cluster.wait_for(lambda: cluster.count("feeds WHERE last_polled_at IS NOT NULL") == 3)
    cluster.wait_for(lambda: cluster.count("procrastinate_jobs") + cluster.count("procrastinate_events") == 0)
    listed = json.loads(cluster.program.command("feeds", "list", "--json").stdout)
    assert len(listed) == 3
    children = worker.children()
    assert worker.end() == 0
    cluster.wait_for(lambda: not any(child.is_running() for child in children))
    assert cluster.count("workers") + cluster.count("procrastinate_workers") == 0
    assert cluster.program.command("once").code == 0


def test_a_new_config_of_all(cluster: Cluster, news: Newsroom) -> None:
    """A worker that has a new config waits until no other works under the former one; then both go on with it."""
    outlets = Outlets(news, 2)
    configure(cluster, outlets, None)
    first, second = cluster.start(), cluster.start()
    cluster.ready(first, second)
    configure(cluster, outlets, None, pause="1s")
    first.signal(signal.SIGHUP)
    cluster.wait_for(lambda: '"worker.paused"' in second.log and '"worker.resumed"' in first.log)
    assert "the config differs in net on " in second.log
    second.signal(signal.SIGHUP)
    cluster.wait_for(lambda: '"worker.resumed"' in second.log)
    polls = news.counts()
    cluster.wait_for(lambda: all(news.counts()[url] > polls[url] for url in outlets.feeds.values()))
    (config,) = {json.dumps(config) for (config,) in cluster.rows("SELECT config FROM workers")}
    assert "net" in config
    assert [first.end(), second.end()] == [0, 0]


def test_a_new_config_while_pages_are_fetched(cluster: Cluster, news: Newsroom) -> None:
    """A worker with requests under way, and more to do, takes the new config before it does anything else."""
    outlets = Outlets(news, 2, delay=3)
    configure(cluster, outlets, None, lease="2s", every="1s", feeds={outlets.hosts[0]: outlets.feeds[outlets.hosts[0]]})
    worker = cluster.start()
    cluster.ready(worker)
    outlets.publish(30)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'claimed'"))
    configure(cluster, outlets, None, lease="2s", every="1s")
    worker.signal(signal.SIGHUP)
    cluster.wait_for(lambda: '"config.reloaded"' in worker.log)
    cluster.wait_for(lambda: cluster.count("feeds WHERE active") == 2)
    cluster.wait_for(lambda: cluster.count("entries WHERE state = 'done'"))
    assert worker.end() == 0


def test_a_new_config_while_the_server_is_away(cluster: Cluster, news: Newsroom, postgresql: Server) -> None:
    """It is in force at once, and its feeds are subscribed when the server is back."""
    outlets = Outlets(news, 2)
    configure(cluster, outlets, None, feeds={outlets.hosts[0]: outlets.feeds[outlets.hosts[0]]})
    worker = cluster.start()
    cluster.ready(worker)
    postgresql.stop()
    configure(cluster, outlets, None, pause="1s")
    worker.signal(signal.SIGHUP)
    cluster.wait_for(lambda: '"config.reloaded"' in worker.log or '"config.refused"' in worker.log)
    postgresql.start()
    assert '"config.refused"' not in worker.log
    cluster.wait_for(lambda: cluster.count("feeds WHERE active") == 2)
    assert worker.end() == 0


def test_a_forgotten_reload_is_reported(cluster: Cluster, news: Newsroom) -> None:
    """The worker that did the upkeep pauses under its former config: another one takes the upkeep, and names it."""
    configure(cluster, Outlets(news, 2), None, lease="2s")
    first = cluster.start("--roles", "fetch")
    cluster.ready(first)
    cluster.wait_for(lambda: cluster.count("holds WHERE name = 'upkeep' AND holder IS NOT NULL"))
    second = cluster.start("--roles", "archive")
    cluster.ready(second)
    configure(cluster, Outlets(news, 2), None, lease="2s", pause="1s")
    second.signal(signal.SIGHUP)
    cluster.wait_for(lambda: '"work.unattended"' in second.log)
    health = cluster.program.command("healthcheck", "--json")
    assert health.code == 1
    assert f"with 2 feeds and 0 waiting pages: process {first.process.pid} on " in health.json["problems"][0]
    first.signal(signal.SIGHUP)
    cluster.wait_for(lambda: cluster.count("troubles") == 0)
    assert cluster.program.command("healthcheck").code == 0
    assert [first.end(), second.end()] == [0, 0]


def test_no_worker_beside_run(cluster: Cluster, news: Newsroom) -> None:
    """A worker that starts beside a daemon ends with 1 and a sentence."""
    configure(cluster, Outlets(news, 1), None)
    with cluster.program.run() as running:
        running.wait_for(lambda: "watching" in running.stderr)
        refused = cluster.program.command("worker")
        assert (refused.code, "(a watcher (`run` or `once`) works on it)" in refused.stderr) == (1, True)
        assert running.end() == 0


@pytest.mark.parametrize(
    ("url", "arguments", "code", "sentence"),
    [
        ("", (), 1, "a worker needs a state on PostgreSQL"),
        (NOWHERE, (), 1, "127.0.0.1:1/state does not answer"),
        (NOWHERE, ("--roles", "fetch,tidy"), 2, "'tidy' is none of fetch, archive, deliver"),
        (NOWHERE, ("--shards", "60-64"), 2, "must be a range within 0-63"),
    ],
)
def test_a_worker_that_cannot_start(
    tmp_path: Path, url: str, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """A file of SQLite, a server that is down, unknown roles and shards: a sentence that names no password."""
    program = Program(tmp_path, database=url)
    program.configure(feeds={})
    refused = program.command("worker", *arguments)
    assert (refused.code, sentence in refused.stderr) == (code, True), refused.stderr
    assert "geheim" not in refused.stderr


def test_pages_and_metrics_show_all_workers(cluster: Cluster, news: Newsroom) -> None:
    """The first worker of a machine serves them. A worker that was killed is shown as ended."""
    outlets = Outlets(news, 4)
    outlets.publish(2)
    served = '[web]\nlisten = "127.0.0.1:0"\n[metrics]\nlisten = "127.0.0.1:0"\n'
    configure(cluster, outlets, None, lease="2s", more=served)
    first = cluster.start()
    cluster.ready(first)
    second = cluster.start()
    cluster.ready(second)
    cluster.wait_for(lambda: cluster.count("documents WHERE written_at IS NOT NULL") == outlets.matching)
    assert "web.on" not in second.log
    ports = {row["event"]: row["port"] for line in first.log.splitlines() if "port" in (row := json.loads(line))}
    pages, metrics = (f"http://127.0.0.1:{ports[name]}" for name in ("web.on", "metrics.on"))

    def shown() -> dict[int, dict[str, Any]]:
        rows = httpx.get(f"{pages}/status.json", trust_env=False).json()["workers"]
        return {row["pid"]: row for row in rows}

    assert set(shown()) == {first.process.pid, second.process.pid}
    cluster.wait_for(lambda: sum(row.get("entries", {}).get("matched", 0) for row in shown().values()) == 4)
    assert all(row["alive"] and row["roles"] == ["archive", "deliver", "fetch"] for row in shown().values())
    second.kill()
    cluster.wait_for(lambda: not shown()[second.process.pid]["alive"])
    assert f">{second.process.pid}<" in httpx.get(f"{pages}/status", trust_env=False).text

    def ended() -> bool:
        text = httpx.get(f"{metrics}/metrics", trust_env=False).text
        up = {line.split('"')[1].rpartition(":")[2]: line[-3:] for line in text.splitlines() if "worker_up{" in line}
        return up == {str(first.process.pid): "1.0", str(second.process.pid): "0.0"}

    cluster.wait_for(ended)
    health = cluster.program.command("healthcheck", "--json").json
    assert [row["alive"] for row in health["workers"]] == [True, False]
    assert first.end() == 0
