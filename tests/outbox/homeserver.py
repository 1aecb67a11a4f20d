"""A real Synapse on loopback, made and thrown away by the tests: SQLite, no federation, one user, rooms on wish.

It comes from `.venv-synapse`, which `make peers` prepares; without it, `start_homeserver` skips the test and says so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.needs import stop_at
from tests.patience import HANGS

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-synapse" / "bin" / "python"
SECRET = "geheim-fuer-die-anmeldung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Homeserver:
    """`token` belongs to the user who writes; they are not an administrator."""

    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def another_user(self, name: str) -> Homeserver:
        """The same server for another user: each has limits of its own."""
        return replace(self, token=_register(self.port, name))

    def room(self, *, encrypted: bool = False) -> str:
        """A new room of the user; its id."""
        algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
        state = [{"type": "m.room.encryption", "state_key": "", "content": algorithm}] if encrypted else []
        return str(self.call("POST", "/_matrix/client/v3/createRoom", {"initial_state": state})["room_id"])

    def messages(self, room: str) -> list[dict[str, Any]]:
        """The contents of the room's messages, oldest first, each with its `event_id`."""
        path = f"/_matrix/client/v3/rooms/{quote(room)}/messages?dir=f&limit=100"
        events = self.call("GET", path)["chunk"]
        return [
            {**event["content"], "event_id": event["event_id"]} for event in events if event["type"] == "m.room.message"
        ]

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, _, answer = exchange(self.port, method, path, body, {"Authorization": f"Bearer {self.token}"})
        assert status == 200, answer
        value = json.loads(answer)
        assert isinstance(value, dict)
        return value


@contextmanager
def start_homeserver(folder: Path) -> Iterator[Homeserver]:
    """Runs Synapse in `folder`; skips where it is not installed."""
    missing = not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import synapse"], check=False).returncode
    stop_at("Synapse is not installed beside the tests: make peers" if missing else "")
    port = free_port()
    config = folder / "homeserver.yaml"
    config.write_text(json.dumps(_config(folder, port)), encoding="utf-8")
    line = [str(PYTHON), "-m", "synapse.app.homeserver", "--config-path", str(config)]
    subprocess.run([*line, "--generate-keys"], cwd=folder, check=True, capture_output=True)
    with (folder / "synapse.txt").open("wb") as output:
        process = subprocess.Popen(line, cwd=folder, stdout=output, stderr=output)
        try:
            _wait_until_up(port, process, folder / "synapse.txt")
            yield Homeserver(port=port, token=_register(port, "bote"))
        finally:
            process.kill()
            process.wait()


class Proxy:
    """Passes requests on to a homeserver. `after_answer` is called once it has answered, before that is passed back."""

    def __init__(self, port: int) -> None:
        self.after_answer: Callable[[str, str], None] = lambda _method, _path: None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = exchange(port, self.command, self.path, body, dict(self.headers))
                proxy.after_answer(self.command, self.path)
                self.send_response(status)
                self.send_header("Content-Type", headers.get("content-type", "application/json"))
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = _pass_on  # noqa: N815 - the names http.server looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a killed peer is expected
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exchange(
    port: int, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request at loopback: status, headers (names in lower case), body. What is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection = HTTPConnection("127.0.0.1", port, timeout=HANGS)
    try:
        kept = {
            name: value for name, value in (headers or {}).items() if name.lower() not in ("host", "content-length")
        }
        connection.request(method, path, body=data, headers=kept)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def _config(folder: Path, port: int) -> dict[str, object]:
    """JSON is YAML too. Three messages at once, then one a second: enough for tests, and soon throttled."""
    log = {
        "version": 1,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"level": "WARNING", "handlers": ["console"]},
    }
    (folder / "log.yaml").write_text(json.dumps(log), encoding="utf-8")
    resources = [{"names": ["client"], "compress": False}]
    return {
        "server_name": "heim.example",
        "listeners": [{"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "resources": resources}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": "macaroon",
        "form_secret": "form",
        "signing_key_path": str(folder / "signing.key"),
        "media_store_path": str(folder / "media"),
        "report_stats": False,
        "trusted_key_servers": [],
        "log_config": str(folder / "log.yaml"),
        "rc_message": {"per_second": 1, "burst_count": 3},
    }


def _register(port: int, user: str) -> str:
    path = "/_synapse/admin/v1/register"
    nonce = json.loads(exchange(port, "GET", path)[2])["nonce"]
    mac = hmac.new(SECRET.encode(), f"{nonce}\0{user}\0passwort\0notadmin".encode(), hashlib.sha1).hexdigest()
    body = {"nonce": nonce, "username": user, "password": "passwort", "admin": False, "mac": mac}
    status, _, answer = exchange(port, "POST", path, body)
    assert status == 200, answer
    return str(json.loads(answer)["access_token"])


def _wait_until_up(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + HANGS
    while True:
        try:
            if exchange(port, "GET", "/_matrix/client/versions")[0] == 200:
                return
        except OSError:
            assert process.poll() is None, output.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
            time.sleep(0.05)
