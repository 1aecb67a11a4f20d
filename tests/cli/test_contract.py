"""What holds for every command: help, exit codes, and which stream carries what."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.conftest import Cli
from tests.cli.tree import commands_of
from tests.newsroom import Newsroom
from tests.patience import HANGS
from watcher import __version__
from watcher.cli.shell import MODULES, SHORT_HELP, main_group
from watcher.config import LogFormat


def commands(group: click.Group = main_group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in commands_of(group).items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def program(*arguments: str, **more: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "watcher", *arguments], **more)  # type: ignore[call-overload, no-any-return] # Popen's own keywords


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_each_command_is_where_it_is_looked_for(module: str) -> None:
    """A module brings the commands that the table has it down for, and no other."""
    group = click.Group()
    import_module(f"watcher.cli.{module}").register(group)
    assert set(group.commands) == {name for name, home in MODULES.items() if home == module}


def test_the_list_of_commands_has_the_first_sentence_of_each() -> None:
    """The list is written without the commands' modules, but says what they say."""
    context = click.Context(main_group)
    assert {name: main_group.get_command(context, name).get_short_help_str(500) for name in MODULES} == SHORT_HELP  # type: ignore[union-attr] # each exists


def test_the_list_of_commands_loads_none_of_them() -> None:
    """`--help` needs click and a console: no config, no values, nothing of a command."""
    line = "import sys; from watcher.cli import main\ntry: main()\nfinally: print(*sys.modules, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", line, "--help"], capture_output=True, text=True, check=True)
    help_text, _, modules = ended.stdout.partition("sys\n")
    assert all(f"  {name} " in help_text for name in MODULES)
    loaded = {name for name in modules.splitlines() if name.startswith("watcher")}
    assert loaded == {"watcher", "watcher.cli", "watcher.cli.shell", "watcher.errors", "watcher.heap", "watcher.log"}
    assert len(modules.splitlines()) < 250


def test_the_formats_of_the_log_are_those_of_the_config() -> None:
    """The option accepts the values of `[log] format`."""
    (option,) = [each for each in main_group.params if each.name == "log_format"]
    assert list(option.type.choices) == [form.value for form in LogFormat]  # type: ignore[attr-defined] # a choice


def test_a_command_does_not_load_what_only_others_need() -> None:
    """Neither database nor HTTP client to say which version this is, or what is wrong with a config."""
    line = "import sys; from watcher.cli import main\ntry: main()\nfinally: print(*sys.modules, sep='\\n')"
    for arguments in (["--version"], ["--config", "/nowhere/config.toml", "once"]):
        ended = subprocess.run([sys.executable, "-c", line, *arguments], capture_output=True, text=True, check=False)
        loaded = ended.stdout.splitlines()
        assert "watcher.cli.shell" in loaded
        assert not {"sqlalchemy", "httpx", "aiohttp", "apscheduler", "trafilatura", "tomlkit"} & set(loaded)


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """`--help` and `-h` say what it does, without a config, in a sentence of its own."""
    for option in ("--help", "-h"):
        result = CliRunner().invoke(main_group, [*path, option])
        assert result.exit_code == 0
        usage, _, rest = result.stdout.partition("\n\n")
        assert " ".join(path) in usage
        assert len(rest.strip().splitlines()[0]) > 10


@pytest.mark.parametrize(
    "arguments",
    [
        ("fliegen",),
        ("once", "--schnell"),
        ("explain",),
        ("match",),
        ("match", "--text", "a", "--file", "b"),
        ("feeds",),
        ("feeds", "add"),
        ("feeds", "discover"),
        ("feeds", "entfernen", "a"),
        ("corpus", "zählen"),
        ("demo", "--seconds", "viele"),
        ("demo", "--seconds", "1"),
        (),
    ],
    ids=" ".join,
)
def test_usage_mistakes_are_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    """With a hint on stderr and nothing on stdout."""
    result = cli(*arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["run", "once", "check", "match --text a", "feeds list", "corpus verify"])
def test_a_config_that_is_missing_or_wrong_is_78(cli: Cli, config: Path, command: str) -> None:
    """Every problem on stderr, with file, line and key; nothing on stdout."""
    config.write_text('[[watches]]\nname = "Werft"\nfarbe = "rot"\n', encoding="utf-8")
    result = cli(*command.split())
    assert (result.exit_code, result.stdout) == (78, "")
    assert f"{config}:3" in result.stderr
    config.unlink()
    result = cli(*command.split())
    assert (result.exit_code, result.stdout) == (78, "")
    assert str(config) in result.stderr


def test_a_query_that_cannot_be_used_is_78(cli: Cli, config: Path) -> None:
    """It is part of the config."""
    config.write_text('[[watches]]\nname = "Werft"\nquery = "(Werft AND"\n', encoding="utf-8")
    result = cli("check")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "Traceback" not in result.stderr


def test_the_config_is_found_by_environment_and_place(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`$WATCHER_CONFIG` before `./config.toml`."""
    elsewhere = tmp_path / "anderswo"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("WATCHER_CONFIG", str(config))
    assert CliRunner().invoke(main_group, ["match", "--text", "Dock"]).exit_code == 0
    monkeypatch.setenv("WATCHER_CONFIG", str(elsewhere / "fehlt.toml"))
    assert CliRunner().invoke(main_group, ["match", "--text", "Dock"]).exit_code == 78
    monkeypatch.delenv("WATCHER_CONFIG")
    monkeypatch.chdir(config.parent)
    assert CliRunner().invoke(main_group, ["match", "--text", "Dock"]).exit_code == 0


def test_the_version_is_told() -> None:
    """On stdout."""
    result = CliRunner().invoke(main_group, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"watcher {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("match", "--file", "fehlt.txt"), "fehlt.txt"),
        (("feeds", "remove", "niemand"), "niemand"),
        (("corpus", "verify"), "seeds"),
        (("outbox", "list"), "does not exist yet"),
        (("alert", "test", "niemand"), "niemand"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_done_is_1(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    """One sentence on stderr that names it."""
    result = cli(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr


def test_warnings_go_to_stderr(cli: Cli, config: Path) -> None:
    """A secret in the config is warned of beside the result, and not shown."""
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[[channels]]\nname = "haken"\ntype = "webhook"\nurl = "https://geheim.example/abc"\n')
    result = cli("match", "--text", "Ein Dock", "--json")
    assert result.exit_code == 0
    assert [match["watch"] for match in json.loads(result.stdout)] == ["Werft"]
    assert "haken" in result.stderr or "channels" in result.stderr
    assert "geheim" not in result.output


def test_a_reader_that_goes_away_is_no_traceback(config: Path, tmp_path: Path) -> None:
    """`watcher match … | head -1` ends quietly."""
    text = tmp_path / "lang.txt"
    text.write_text("Im Dock liegt ein Schiff. " * 20_000, encoding="utf-8")
    with program(
        *("--config", str(config), "match", "--json", "--file", str(text)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()
        assert process.wait(HANGS) == 1
    assert told == ""


@pytest.mark.parametrize("no_color", [True, False])
def test_no_color_is_honoured_on_a_terminal(config: Path, no_color: bool) -> None:
    """Colours on a terminal, and none with NO_COLOR."""
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"} | ({"NO_COLOR": "1"} if no_color else {})
    if not no_color:
        environ.pop("NO_COLOR", None)
    leader, follower = pty.openpty()
    with program("--config", str(config), "match", "--text", "Im Dock", stdout=follower, env=environ) as process:
        os.close(follower)
        shown = b""
        while chunk := _read(leader):
            shown += chunk
        assert process.wait(HANGS) == 0
    os.close(leader)
    assert "«Dock»".encode() in shown
    assert (b"33m" in shown) is not no_color


def test_a_search_shows_its_requests_on_a_terminal(config: Path) -> None:
    """One line on stderr, which vanishes; nothing of it in a pipe."""
    with Newsroom() as news:
        home = news.page("/", "<html>")
        arguments = ("--config", str(config), "feeds", "discover", home)
        leader, follower = pty.openpty()
        environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
        with program(*arguments, stdout=subprocess.DEVNULL, stderr=follower, env=environ) as process:
            os.close(follower)
            shown = b"".join(iter(lambda: _read(leader), b""))
            assert process.wait(HANGS) == 1
        os.close(leader)
        assert b"of at most 60" in shown
        with program(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            assert b"of at most 60" not in process.communicate(timeout=HANGS)[1]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side of the terminal is closed
        return b""
