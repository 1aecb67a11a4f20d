"""A secret is found where the config says, and is never shown."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from watcher.config import Secret, SecretSource, load
from watcher.errors import ConfigError, WatcherError


def test_each_source_gives_the_secret(tmp_path: Path) -> None:
    """Inline, environment, file beside the config, systemd credential; the line end of a file is dropped."""
    (tmp_path / "hook.key").write_text("from file\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "slack").write_text("from credential\n")
    environ = {"HOOK": "from environment", "CREDENTIALS_DIRECTORY": str(tmp_path / "run")}
    for source, value, expected in (
        (SecretSource.INLINE, "from config", "from config"),
        (SecretSource.ENV, "HOOK", "from environment"),
        (SecretSource.FILE, "hook.key", "from file"),
        (SecretSource.FILE, str(tmp_path / "hook.key"), "from file"),
        (SecretSource.CREDENTIAL, "slack", "from credential"),
    ):
        assert Secret(source=source, value=value).resolve(environ, tmp_path) == expected


def test_a_secret_that_is_not_there_is_named_by_its_place(tmp_path: Path) -> None:
    """Missing, empty, torn and unreadable secrets are told apart."""
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "lines").write_text("geheim\ngeheimer\n")
    (tmp_path / "latin").write_bytes(b"\xfc\xfc")
    cases = (
        (SecretSource.ENV, "HOOK", "the environment variable HOOK is not set"),
        (SecretSource.ENV, "EMPTY", "the environment variable EMPTY is empty; put the secret there"),
        (SecretSource.FILE, "nowhere", "the file nowhere cannot be read: No such file or directory"),
        (SecretSource.FILE, "empty", "the file empty is empty; put the secret there"),
        (SecretSource.FILE, "lines", "the file lines contains line breaks or control characters; it must be one line"),
        (SecretSource.FILE, "latin", "the file latin is not UTF-8 text"),
        (SecretSource.CREDENTIAL, "slack", "the credential slack can be read in the service only"),
    )
    for source, value, sentence in cases:
        with pytest.raises(WatcherError) as caught:
            Secret(source=source, value=value).resolve({"EMPTY": ""}, tmp_path)
        assert str(caught.value).startswith(sentence)
        assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_an_inline_secret_is_never_shown(tmp_path: Path) -> None:
    """Neither the secret nor the config around it shows it, nor does a header or the proxy's password."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    config = load(file)
    for shown in (repr(config), str(config), str(config.warnings), repr(config.channels[0].url)):
        assert "geheim" not in shown
    (channel,) = config.channels
    assert channel.secret is not None
    assert config.resolve(channel.secret, {}) == "whsec_geheim"


def test_a_broken_config_does_not_show_its_secrets(tmp_path: Path) -> None:
    """The problems of a file name keys, not the values of secrets; nor does a traceback."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.replace('"https://geheim', '"geheim').replace("geheim.proxy", "geheim proxy") + "x = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert len(caught.value.problems) == 3
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


CONFIG = """\
[net]
proxy = "http://user:geheim@geheim.proxy:3128"
[[feeds]]
name = "a"
url = "https://a.example/"
headers = { Authorization = "Basic geheim" }
[[channels]]
name = "hook"
type = "webhook"
url = "https://geheim.example/hook"
secret = "whsec_geheim"
ops = true
"""
