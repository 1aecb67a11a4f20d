"""No log line, error, database row or traceback ever holds a secret: failures are provoked, and all of it searched."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Commands
from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom, Reply, Request
from tests.outbox.desk import Desk
from tests.outbox.homeserver import free_port
from tests.outbox.test_commands import listed
from watcher.alerts import webhook

KEY = base64.b64encode(b"GEHEIMer Schluessel, 24+").decode()
NEEDLES = ("GEHEIM", KEY, KEY[:12])
SLACK_PATH = "/services/T0GEHEIM/B0GEHEIM/xyzGEHEIMNIS"
ROOM_PATH = "/_matrix/client/v3/rooms/%21raum%3Aheim.example/state/m.room.encryption"


def quoting(status: int) -> Callable[[Request], Reply]:
    """A server that quotes the whole request in its answer, as proxies and frameworks in debug mode do."""

    def answer(request: Request) -> Reply:
        quoted = f"{request.method} {request.path} {dict(request.headers)} {request.path.replace('/', chr(92) + '/')}"
        return Reply.text(quoted, status=status)

    return answer


def channels(origin: str) -> str:
    """One of each type that has a secret, at the same origin. The secrets are in the environment."""
    os.environ.update(
        W_SLACK=f"{origin}{SLACK_PATH}",
        W_HOOKSHOT=f"{origin}/webhook/GEHEIM-kennung",
        W_HOOK=origin.replace("://", "://bote:GEHEIMwort@") + "/haken/GEHEIM?token=GEHEIM12",
        W_KEY=f"whsec_{KEY}",
        W_TOKEN="syt_GEHEIM",
        W_MAIL=f"mailto://bote:GEHEIMwort@127.0.0.1:{free_port()}?from=a@b.example",
    )
    tables = (
        ('type = "slack"', 'url_env = "W_SLACK"'),
        ('type = "matrix-webhook"', 'url_env = "W_HOOKSHOT"'),
        ('type = "webhook"', 'url_env = "W_HOOK"', 'secret_env = "W_KEY"'),
        ('type = "matrix"', f'homeserver = "{origin}"', 'room = "!raum:heim.example"', 'token_env = "W_TOKEN"'),
        ('type = "apprise"', 'url_env = "W_MAIL"'),
    )
    return "\n".join(
        "\n".join(("[[channels]]", f'name = "k{number}"', *keys, 'group_wait = "0s"', "ops = true", ""))
        for number, keys in enumerate(tables)
    )


def assert_nothing_told(*texts: str, folder: Path | None = None) -> None:
    stored = [file.read_bytes().decode(errors="replace") for file in folder.rglob("*.db*")] if folder else []
    for text in (*texts, *stored):
        for needle in NEEDLES:
            assert needle not in text, text[max(0, text.index(needle) - 200) : text.index(needle) + 200]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("W_SLACK", "W_HOOKSHOT", "W_HOOK", "W_KEY", "W_TOKEN", "W_MAIL"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 413, 429, 500, 503])
def test_answers_that_quote_the_request_leave_no_secret(
    status: int, news: Newsroom, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the server says back: log, state and the reasons of parked channels are clean."""
    caplog.set_level("DEBUG")
    for path in (SLACK_PATH, "/webhook/GEHEIM-kennung", "/haken/GEHEIM", ROOM_PATH):
        news.respond(path, quoting(status))
    with Desk(tmp_path, channels(news.origin)).online() as desk:
        desk.find()
        desk.deliver()
        assert len(desk.rows("attempts")) >= 5
        rows = str([desk.rows(table) for table in ("attempts", "deliveries", "channels", "troubles")])
    assert_nothing_told(caplog.text, rows, folder=tmp_path)


def test_unreachable_servers_and_bugs_leave_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection, TLS that is none, and an exception that quotes the address in its text."""
    caplog.set_level("DEBUG")
    dead = f"127.0.0.1:{free_port()}"
    for scheme in ("http", "https"):
        folder = tmp_path / scheme
        folder.mkdir()
        with Desk(folder, channels(f"{scheme}://{dead}")).online() as desk:
            desk.find()
            desk.deliver()
            assert len(desk.rows("attempts")) == 5

    def broken(*_args: object, **_more: object) -> None:
        raise ValueError(f"cannot post to {os.environ['W_HOOK']} with {os.environ['W_KEY']}")

    monkeypatch.setattr(webhook, "request", broken)
    with Desk(tmp_path, channels(f"http://{dead}")).online() as desk:
        desk.find()
        desk.deliver()
    assert "a bug while delivering" in caplog.text
    assert "ValueError" in caplog.text
    assert_nothing_told(caplog.text, folder=tmp_path)


def test_commands_show_no_secret(news: Newsroom, commands: Commands) -> None:
    """`check`, `alert test` and `outbox`, each beside a server that quotes all it receives."""
    for path in (SLACK_PATH, "/webhook/GEHEIM-kennung", "/haken/GEHEIM", ROOM_PATH):
        news.respond(path, quoting(403))
    with Desk(commands.folder, channels(news.origin)).online() as desk:
        desk.find()
        desk.deliver()
    results = [
        *(commands.command("-v", "alert", "test", f"k{number}") for number in range(5)),
        commands.command("check", "--online"),
        commands.command("outbox", "list", "--json"),
        *(commands.command("outbox", "show", row["id"]) for row in listed(commands)),
    ]
    for result in results:
        assert_nothing_told(result.stdout, result.stderr)
    assert [result.code for result in results[:5]] == [1] * 5
    assert len(results) > 7


def test_daemon_shows_no_secret(news: Newsroom, program: Program) -> None:
    """The whole program with all its logging, its alerts refused by a server that quotes them."""
    for path in (SLACK_PATH, "/webhook/GEHEIM-kennung", "/haken/GEHEIM", ROOM_PATH):
        news.respond(path, quoting(403))
    news.feed("/a", [article(news, matching=True)])
    watch = f'[[feeds]]\nname = "a"\nurl = "{news.url("/a")}"\n[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\n'
    watch += 'channels = ["k0", "k1", "k2", "k3"]\n'
    program.config.write_text(watch + channels(news.origin), encoding="utf-8")
    result = program.command("-v", "once")
    assert "is parked" in result.stderr
    assert_nothing_told(result.stdout, result.stderr, folder=program.folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("", "is empty"),
        ("\n", "is empty"),
        ("whsec_GEHEIM!\n", 'secret number 1 is not "whsec_" and base64'),
        (f"whsec_{KEY}\nwhsec_GEHEIM", "one line"),
    ],
)
def test_check_names_wrong_secrets_without_printing_them(content: str | None, said: str, commands: Commands) -> None:
    """Missing, empty, garbled: which file and what is wrong with it."""
    if content is not None:
        (commands.folder / "schluessel").write_text(content, encoding="utf-8")
    commands.config.write_text(
        '[[channels]]\nname = "k"\ntype = "webhook"\nurl_env = "W_URL"\nsecret_file = "schluessel"\n', encoding="utf-8"
    )
    os.environ["W_URL"] = "https://haken.example/GEHEIM"
    result = commands.command("check")
    assert result.code == 1
    assert said in result.stdout
    assert_nothing_told(result.stdout, result.stderr)


def test_trailing_newline_is_forgiven_and_other_hosts_than_slacks_are_a_warning(commands: Commands) -> None:
    """Editors end files with a newline; an address elsewhere may be meant, and is said."""
    (commands.folder / "slack").write_text("https://example.org/services/T0/B0/GEHEIM\n", encoding="utf-8")
    commands.config.write_text('[[channels]]\nname = "k"\ntype = "slack"\nurl_file = "slack"\n', encoding="utf-8")
    result = commands.command("check")
    assert result.code == 0
    assert "warning: url points to https://example.org, not to Slack" in result.stdout
    assert_nothing_told(result.stdout, result.stderr)
