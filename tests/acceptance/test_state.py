"""The state of the real program: copied while it works, and replaced when it is damaged."""

from __future__ import annotations

from tests.acceptance.pages import article
from tests.acceptance.program import FAST, Program
from tests.newsroom import Newsroom
from tests.receivers import Receiver


def damage(program: Program) -> bytes:
    """Noise in place of all pages but the first, as a failing disk leaves it."""
    data = program.state.read_bytes()
    program.state.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    return program.state.read_bytes()


def hook(receiver: Receiver, **more: object) -> dict[str, object]:
    return {"name": "haken", "type": "webhook", "url": receiver.url, "group_wait": "0s", **more}


def test_a_backup_is_made_beside_the_daemon(news: Newsroom, program: Program) -> None:
    """`backup` while `run` works: exit 0, one file, and no second one over it."""
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True)])})
    target = program.folder / "copy.db"
    with program.run() as running:
        running.wait_for(program.names)
        made = program.command("backup", str(target), "--json")
        assert made.code == 0, made.stderr
        assert made.json["bytes"] == target.stat().st_size
        refused = program.command("backup", str(target))
        assert (refused.code, refused.stdout) == (1, "")
        assert "--force" in refused.stderr
        assert running.end() == 0


def test_a_damaged_state_is_restored_from_its_backup(news: Newsroom, program: Program) -> None:
    """No alert is sent again, the document found after the backup is adopted; the sentence says all that."""
    receiver = Receiver(news, "/hook")
    entries = [article(news, matching=True)]
    news.feed("/a", entries)
    program.configure(feeds={"a": news.url("/a")}, channels=[hook(receiver, ops=True)])
    program.once()
    assert program.command("backup").code == 0
    news.feed("/a", [article(news, matching=True, title="Rutte reist nach Berlin"), *entries])
    program.once()
    told, names = len(receiver.accepted), program.names()
    damaged = damage(program)

    mended = program.command("once")
    assert mended.code == 0, mended.stderr
    assert "was damaged" in mended.stderr
    assert "took its place" in mended.stderr
    assert "1 of its documents" in mended.stderr
    aside = next(program.state.parent.glob("watcher.db.damaged-*"))
    assert aside.read_bytes() == damaged
    assert program.names() == names
    assert program.command("corpus", "verify").code == 0
    notices = [request.json() for request in receiver.accepted[told:]]
    assert len(notices) == 1, notices
    assert "was damaged" in str(notices[0])
    assert "was damaged" not in program.command("once").stderr


def test_without_a_backup_the_state_is_rebuilt_from_the_corpus(news: Newsroom, program: Program) -> None:
    """No document twice, no number twice, no alert sent again; and the daemon does it by itself."""
    receiver = Receiver(news, "/hook")
    entries = [article(news, matching=True), article(news, matching=True, title="Rutte reist nach Berlin")]
    program.configure(feeds={"a": news.feed("/a", entries)}, channels=[hook(receiver)], polling=FAST)
    program.once()
    told, names, texts = len(receiver.accepted), program.names(), program.texts()
    damage(program)
    with program.run() as running:
        running.wait_for(lambda: "a new one was made" in running.stderr)
        polls = news.count("/a")
        running.wait_for(lambda: news.count("/a") >= polls + 2)
        news.feed("/a", [article(news, matching=True, title="Rutte spricht im Bundestag"), *entries])
        running.wait_for(lambda: len(program.names()) == 3)
        assert running.end() == 0
    assert program.names()[:2] == names
    assert program.texts()[:2] == texts
    assert program.command("corpus", "verify").code == 0
    assert len(receiver.accepted) <= told + 1
