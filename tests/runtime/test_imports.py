"""What the daemon loads: it parses nothing itself, so it does without the parsers, their memory and their start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PARSERS = ("feedparser", "lxml", "selectolax", "trafilatura", "watcher.articles", "watcher.feeds.parse")
REFERENCES = ", ".join(f"watcher.corpus.export.{name}" for name in ("ris", "bibtex", "csl_json"))
FOR_PAGES = ("jinja2", "starlette", "uvicorn", "watcher.web.site")


NOT_AT_A_START = ("pygments", "rich.progress", "watcher.text.dates", "apscheduler", "tomlkit", "alembic", "lark")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("watcher.daemon, watcher.cli", PARSERS + FOR_PAGES + NOT_AT_A_START),
        (f"watcher.web.site, watcher.web.listening, {REFERENCES}", PARSERS),
    ],
)
def test_the_daemon_loads_only_what_it_needs(modules: str, absent: tuple[str, ...]) -> None:
    """The parsers belong to the parser processes, with pages too; without pages it does without their packages."""
    code = f"import sys, {modules}; print([name for name in {absent} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


CERTIFICATES = """
import gc, os, ssl
before = os.environ.get("SSL_CERT_FILE")
import watcher.net
contexts = [each for each in gc.get_objects() if isinstance(each, ssl.SSLContext)]
certificates = sum(each.cert_store_stats()["x509_ca"] for each in contexts)
print(len(contexts), certificates, os.environ.get("SSL_CERT_FILE") == before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{}, {"SSL_CERT_FILE": "/etc/ssl/other.pem"}], ids=["default", "given"])
def test_no_certificates_are_loaded_at_a_start(environment: dict[str, str]) -> None:
    """The two TLS contexts that aiohttp makes trust nobody, and the environment is what it was."""
    everything = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"} | environment
    command = [sys.executable, "-c", CERTIFICATES]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=everything)
    assert ran.stdout == "2 0 True\n"
