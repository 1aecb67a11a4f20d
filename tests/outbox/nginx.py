"""A real nginx on loopback, of Debian's package: the answers that broken and busy receivers give, by path."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import program
from tests.outbox.homeserver import exchange, free_port
from tests.patience import HANGS

LIMIT = 600  # bytes that /klein takes


@contextmanager
def start_nginx(folder: Path, *, behind: str) -> Iterator[str]:
    """Runs nginx in `folder` in front of `behind`; its origin. Skips where there is none.

    /gedrosselt takes one request in three seconds (429), /klein at most LIMIT bytes (413), /weg is gone (410), /kaputt
    has nothing behind it (502), /stumm cuts the connection, /gut passes on.
    """
    port = free_port()
    with run_nginx(folder, port, _receivers(port, behind)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def run_nginx(folder: Path, port: int, http: str) -> Iterator[None]:
    """Runs nginx in `folder` with the directives `http`, which listen on `port`. Skips where there is none."""
    nginx = program("nginx", package="nginx-light")
    (folder / "nginx.conf").write_text(_config(folder, http), encoding="utf-8")
    line = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors.txt")]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_up(port, process, folder)
        yield
    finally:
        process.terminate()
        process.wait(HANGS)


def _config(folder: Path, http: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
        {user} daemon off; worker_processes 1; pid {folder}/pid; events {{ worker_connections 64; }}
        http {{ access_log off; {folders} {http} }}
    """


def _receivers(port: int, behind: str) -> str:
    return f"""
            limit_req_zone $binary_remote_addr zone=drossel:1m rate=20r/m;
            server {{
                listen 127.0.0.1:{port};
                location /gut {{ proxy_pass {behind}; }}
                location /gedrosselt {{
                    limit_req zone=drossel; limit_req_status 429; add_header Retry-After 3 always; proxy_pass {behind};
                }}
                location /klein {{ client_max_body_size {LIMIT}; proxy_pass {behind}; }}
                location /weg {{ return 410; }}
                location /kaputt {{ proxy_pass http://127.0.0.1:{free_port()}; }}
                location /stumm {{ return 444; }}
            }}
    """


def _wait_until_up(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + HANGS
    while True:
        try:
            exchange(port, "GET", "/weg")
            return
        except OSError:
            errors = folder / "errors.txt"
            assert process.poll() is None, errors.read_text(encoding="utf-8") if errors.exists() else "nginx ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)
