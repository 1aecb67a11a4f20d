"""`[web]`: off by default, checked like everything else, and never open to other machines without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.config import SecretSource, load
from watcher.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> dict[str, str]:
    """Key -> message of each problem."""
    with pytest.raises(ConfigError) as error:
        load(write(folder, text))
    return {problem.key: problem.message for problem in error.value.problems}


def test_no_pages_unless_asked(tmp_path: Path) -> None:
    """The default of an empty file."""
    assert load(write(tmp_path, "")).web.listen == ""


@pytest.mark.parametrize("listen", ["127.0.0.1:8410", "[::1]:8410", "unix:state/web.sock"])
def test_this_machine_is_taken_without_a_word(tmp_path: Path, listen: str) -> None:
    """Loopback addresses and a socket, whose path is relative to the config file."""
    config = load(write(tmp_path, f'[web]\nlisten = "{listen}"\nhosts = ["News.Example"]\n'))
    assert config.warnings == ()
    assert config.web.hosts == ("news.example",)
    assert config.web.socket == (tmp_path / "state/web.sock" if listen.startswith("unix:") else None)


@pytest.mark.parametrize("listen", ["0.0.0.0:8410", "192.0.2.7:8410", "[::]:8410"])
def test_an_open_address_needs_a_question(tmp_path: Path, listen: str) -> None:
    """Without token or proxy it is refused, and the sentence names the ways out; with one of them it is taken."""
    message = problems(tmp_path, f'[web]\nlisten = "{listen}"\n')["web.listen"]
    assert all(word in message for word in ("127.0.0.1:8410", "unix:", "token_file", "proxy_header"))
    token = load(write(tmp_path, f'[web]\nlisten = "{listen}"\ntoken_env = "WEB_TOKEN"\n')).web.token
    assert token is not None
    assert token.source is SecretSource.ENV
    proxy = 'proxy_header = "X-Remote-User"\nproxy_networks = ["10.1.0.7/32"]\n'
    assert load(write(tmp_path, f'[web]\nlisten = "{listen}"\n{proxy}')).web.proxy_header == "X-Remote-User"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('listen = "8410"', "web.listen"),
        ('listen = "localhost:8410"', "web.listen"),
        ('listen = "unix:"', "web.listen"),
        ('listen = "unix:seeds/web.sock"', "web.listen"),
        ('listen = "127.0.0.1:8410"\nhosts = ["https://news.example/"]', "web.hosts"),
        ('listen = "127.0.0.1:8410"\nproxy_header = "X-Remote-User"', "web.proxy_networks"),
        ('listen = "127.0.0.1:8410"\nproxy_header = "X Remote"\nproxy_networks = ["10.0.0.0/8"]', "web.proxy_header"),
        ('listen = "127.0.0.1:8410"\nproxy_networks = ["10.0.0.0/8"]', "web.proxy_header"),
        ('listen = "127.0.0.1:8410"\ntoken = ""', "web.token"),
        ('listen = "127.0.0.1:8410"\ntoken = "a"\ntoken_env = "A"', "web.token_env"),
        ('listen = "127.0.0.1:8410"\nport = 1', "web.port"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, key: str) -> None:
    """Each with its key; a socket among the documents too."""
    assert key in problems(tmp_path, f"[web]\n{text}\n")


def test_a_token_in_the_file_is_a_warning(tmp_path: Path) -> None:
    """As for channels, and neither the warning nor the config shows it."""
    config = load(write(tmp_path, '[web]\nlisten = "127.0.0.1:8410"\ntoken = "geheim-4711"\n'))
    (warning,) = config.warnings
    assert (warning.key, warning.line) == ("web.token", 3)
    assert "geheim" not in f"{warning.message} {config!r}"
