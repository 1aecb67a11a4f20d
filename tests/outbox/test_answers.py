"""What receivers answer in the wild, from a real nginx: 429, 413, 410, 502 and cut connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.newsroom import Newsroom, Reply
from tests.outbox.desk import Desk
from tests.outbox.nginx import LIMIT, start_nginx
from tests.patience import HANGS
from tests.receivers import Receiver, slack
from watcher.store.queries import outbox_status

PATHS = ("/gut", "/gedrosselt", "/klein")


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom() as started:
        yield started


@pytest.fixture(scope="module")
def nginx(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_nginx(tmp_path_factory.mktemp("nginx"), behind=newsroom.origin) as origin:
        yield origin


@pytest.fixture
def receivers(newsroom: Newsroom) -> dict[str, Receiver]:
    return {path: slack(newsroom, path) for path in PATHS}


def desk_at(folder: Path, url: str, *, kind: str = "slack") -> Desk:
    return Desk(folder, f'[[channels]]\nname = "k"\ntype = "{kind}"\nurl = "{url}"\ngroup_wait = "0s"\n')


def outcomes(desk: Desk) -> list[tuple[str, int | None]]:
    return [(row.outcome, row.status) for row in desk.rows("attempts")]


def test_throttled_by_429_and_yet_delivered(nginx: str, receivers: dict[str, Receiver], tmp_path: Path) -> None:
    """What Retry-After says is waited, and every alert arrives, once and in order."""
    with desk_at(tmp_path, f"{nginx}/gedrosselt").online() as desk:
        for _ in range(3):
            desk.find()
        wait_for_real_time(desk)
        waits = {row.wait_seconds for row in desk.rows("attempts") if row.outcome == "throttled"}
    titles = [request.json()["text"].split("\n")[0] for request in receivers["/gedrosselt"].accepted]
    assert titles == ["Meldung 0", "Meldung 1", "Meldung 2"]
    assert waits == {3.0}


def test_413_is_answered_with_the_plain_form(nginx: str, receivers: dict[str, Receiver], tmp_path: Path) -> None:
    """The rich message is refused, the text alone is taken."""
    with desk_at(tmp_path, f"{nginx}/klein").online() as desk:
        desk.find()
        desk.deliver()
        assert outcomes(desk) == [("refused", 413), ("delivered", 200)]
    (taken,) = receivers["/klein"].accepted
    assert (len(taken.body) <= LIMIT, "blocks" in taken.json()) == (True, False)


def test_410_parks_the_channel(nginx: str, tmp_path: Path) -> None:
    """Gone is gone: nothing is tried again, nothing is lost."""
    with desk_at(tmp_path, f"{nginx}/weg").online() as desk:
        desk.find()
        desk.deliver()
        assert outcomes(desk) == [("gone", 410)]
        assert (desk.states("k"), list(desk.run(outbox_status.parked))) == ({"parked": 1}, ["k"])


def test_an_answer_is_recorded_and_logged_on_one_line(
    newsroom: Newsroom, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Line ends and control characters of an answer can forge no line of the log, and drive no terminal."""
    hook = Receiver(newsroom, "/rohe-antwort")
    hook.script(Reply.text("oops\r\n2026-11-29 ERROR forged\n\x1b]0;owned\x07\x1b[2J\x00\x9b1m end", status=500))
    with desk_at(tmp_path, hook.url, kind="webhook").online() as desk, caplog.at_level("INFO"):
        desk.find()
        desk.deliver()
        (attempt,) = desk.rows("attempts")
        (delivery,) = desk.rows()
    assert attempt.answer == delivery.last_answer == "HTTP 500 oops 2026-11-29 ERROR forged ]0;owned[2J1m end"
    logged = [record.getMessage() for record in caplog.records if "oops" in record.getMessage()]
    assert logged
    assert all(message.isprintable() for message in logged)


@pytest.mark.parametrize(("path", "status"), [("/kaputt", 502), ("/stumm", None)])
def test_502_and_cut_connections_are_ambiguous(nginx: str, path: str, status: int | None, tmp_path: Path) -> None:
    """The message may have arrived: it is sent again later, and the doubt is on record."""
    with desk_at(tmp_path, f"{nginx}{path}", kind="webhook").online() as desk:
        desk.find()
        desk.deliver()
        (row,) = desk.rows()
        assert outcomes(desk) == [("ambiguous", status)]
        assert (row.state, row.uncertain, row.due_at > desk.now) == ("pending", True, True)


def test_back_after_an_outage_the_same_bytes_arrive(nginx: str, newsroom: Newsroom, tmp_path: Path) -> None:
    """What was rendered for the first attempt is what arrives, under the same id."""
    hook = Receiver(newsroom, "/gut")
    newsroom.page("/gut", "", status=500)
    with desk_at(tmp_path, f"{nginx}/gut", kind="webhook").online() as desk:
        desk.find()
        desk.deliver()
        (row,) = desk.rows()
        hook.attach()
        desk.pass_(timedelta(minutes=1))
        desk.deliver()
    (taken,) = hook.accepted
    assert (taken.body, taken.headers["webhook-id"]) == (row.payload, row.id)


def wait_for_real_time(desk: Desk, longest: float = HANGS) -> None:
    """Delivers until all is sent; the desk's clock runs as the real one does."""
    begun, at = time.monotonic(), desk.now
    while desk.open_states():
        assert time.monotonic() - begun < longest
        desk.now = at + timedelta(seconds=time.monotonic() - begun)
        desk.deliver()
        time.sleep(0.02)
