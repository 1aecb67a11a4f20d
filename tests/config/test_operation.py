"""`[log]` and `[metrics]`: off by default, checked like everything else, and loud where others can listen."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.config import LogFormat, load, split_listen
from watcher.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_is_served_and_the_log_is_for_people_unless_asked(tmp_path: Path) -> None:
    """The defaults of an empty file."""
    config = load(write(tmp_path, ""))
    assert (config.metrics.listen, config.log.format) == ("", LogFormat.TEXT)


@pytest.mark.parametrize("listen", ["127.0.0.1:9464", "[::1]:9464", "127.0.0.1:0"])
def test_loopback_is_taken_without_a_word(tmp_path: Path, listen: str) -> None:
    """An address of this machine and a port."""
    config = load(write(tmp_path, f'[metrics]\nlisten = "{listen}"\n[log]\nformat = "json"\n'))
    assert config.warnings == ()
    assert config.log.format is LogFormat.JSON
    assert split_listen(config.metrics.listen)[1] in (0, 9464)


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "192.0.2.7:9464", "[::]:9464"])
def test_an_open_address_is_a_warning(tmp_path: Path, listen: str) -> None:
    """It works, because the operator wrote it, and says who can read."""
    config = load(write(tmp_path, f'[metrics]\nlisten = "{listen}"\n'))
    (warning,) = config.warnings
    assert (warning.key, warning.line) == ("metrics.listen", 2)
    assert "everybody" in warning.message


@pytest.mark.parametrize("listen", ["9464", "127.0.0.1", "127.0.0.1:", "localhost:9464", "127.0.0.1:99999", ":9464"])
def test_anything_else_is_refused(tmp_path: Path, listen: str) -> None:
    """With an example of what is right."""
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9464"):
        load(write(tmp_path, f'[metrics]\nlisten = "{listen}"\n'))
