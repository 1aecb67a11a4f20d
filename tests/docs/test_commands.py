"""Every command in the documentation works: it is run here, checked without a run, or named below with a reason."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from tests.cli.tree import commands_of
from tests.docs.desk import Desk
from tests.docs.pages import PAGES, ROOT, code, fences, first_cells, name_of, prose
from tests.needs import program
from tests.newsroom import Newsroom
from watcher.cli import shell
from watcher.cli.shell import main_group

NOT_RUN: Mapping[str, str] = {
    "sudo": "changes the machine; tests/systemd tries what of it can be tried",
    "sudoedit": "opens an editor",
    "systemctl": "needs a running systemd; tests/systemd compares the unit with the guide",
    "printf": "writes a file with sudo",
    "journalctl": "needs a running systemd",
    "python3 -m venv": "makes the environment that the tests run in",
    ".venv/bin/python -m pip": "needs a package registry; the test below compares it with the Makefile",
    ".venv/bin/ruff": "is what `make lint` runs; compared with the Makefile",
    ".venv/bin/mypy": "is what `make lint` runs; compared with the Makefile",
    ".venv/bin/lint-imports": "is what `make lint` runs; compared with the Makefile",
    ".venv/bin/vulture": "is what `make lint` runs; compared with the Makefile",
    ".venv/bin/codespell": "is what `make lint` runs; compared with the Makefile",
    ".venv/bin/python -m pytest": "cannot run itself; compared with the Makefile",
    "find": "deletes old files; its expression is the manual's",
    "watcher backup": "needs a state; tests/acceptance/test_state.py makes one and copies it",
    "watcher healthcheck": "needs a daemon beside it; tests/operation asks one",
    "curl": "needs a daemon beside it; tests/web/test_api.py asks one",
    "watcher demo": "tests/docs/test_fresh_clone.py runs it",
}
WITH_COMMANDS = [page for page in PAGES if any(fence.commands for fence in fences(page))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Newsroom() as news:
        yield Desk(tmp_path, news)


def why_not_run(command: str) -> str:
    """The reason of the list above, "" if the command is to be run."""
    return next((why for start, why in NOT_RUN.items() if command == start or command.startswith(f"{start} ")), "")


def as_ours(command: str) -> str:
    """A call of the installed program, in its plain form; other commands as they are."""
    return re.sub(r"^(sudo (-u watcher )?)?(\.venv|/opt/watcher)/bin/watcher ", "watcher ", command)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_the_commands_of_a_page_work(page: Path, desk: Desk) -> None:
    """Run one after the other in one folder, each ends with 0; one that is neither known nor excused fails."""
    make = shutil.which("make")
    for command in (command for fence in fences(page) for command in fence.commands):
        if why_not_run(command) or why_not_run(as_ours(command)):
            continue
        if command.startswith("make ") and make:
            assert subprocess.run([make, "-n", *command.split()[1:]], cwd=ROOT, capture_output=True).returncode == 0
        elif as_ours(command).startswith("watcher "):
            assert desk.run(as_ours(command)) == ""
        else:
            assert command.startswith("make "), f"{name_of(page)}: nobody tries {command!r}"


def test_the_program_knows_every_command_that_the_pages_name() -> None:
    """`watcher …` in fences, tables and sentences: its commands and options exist."""
    named = [(page, command) for page in PAGES for fence in fences(page) for command in fence.commands]
    named += [(page, command) for page in PAGES for command in code(prose(page))]
    problems = [(name_of(page), command, unknown_in(as_ours(command))) for page, command in named]
    assert [each for each in problems if each[-1]] == []


def unknown_in(command: str) -> str:
    """What of a `watcher` command the program does not know; "" for all other texts."""
    if not command.startswith("watcher "):
        return ""
    node: click.Command = main_group
    options = {name for parameter in main_group.params for name in parameter.opts} | {"-h", "--help"}
    words = iter(command.replace("[", "").replace("]", "").split()[1:])
    for word in words:
        if word.startswith("-"):
            if word not in options:
                return f"no option {word}"
            next(words, "") if _takes_value(node, word) else ""
        elif word.isupper():  # an argument's place, or COMMAND
            continue
        elif isinstance(node, click.Group):
            if word not in (known := commands_of(node)):
                return f"no command {word}"
            node = known[word]
            options |= {name for parameter in node.params for name in parameter.opts}
    return ""


def _takes_value(node: click.Command, option: str) -> bool:
    parameters = [*main_group.params, *node.params]
    return any(option in each.opts and isinstance(each, click.Option) and not each.is_flag for each in parameters)


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name."""
    for name, node in commands_of(group).items():
        if isinstance(node, click.Group):
            yield from leaves(node, (*path, name))
        else:
            yield " ".join((*path, name)), node


def test_every_command_has_a_row_in_the_readme() -> None:
    """The table of commands is complete; a new command needs its row."""
    cells = [f"{cell} " for cell in first_cells((ROOT / "README.md").read_text(encoding="utf-8"))]
    names = [name for name, _ in leaves(main_group)]
    assert [name for name in names if not any(cell.startswith(f"watcher {name} ") for cell in cells)] == []


def test_the_exit_codes_of_the_readme_are_those_of_the_program() -> None:
    """As the command line's own module names them."""
    named = set(re.findall(r"(?:^|· )(\d+) ", shell.__doc__ or "", re.MULTILINE))
    assert named == {cell for cell in first_cells((ROOT / "README.md").read_text(encoding="utf-8")) if cell.isdigit()}


def _make(*targets: str) -> str:
    make = program("make", package="make")
    done = subprocess.run(
        [make, "-n", "-B", "--no-print-directory", *targets], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.replace(" --quiet", "")


def test_the_way_without_make_is_that_of_make() -> None:
    """What the README says to type is, line by line, what `make run` and `make test` do, the optional peers aside."""
    peers = set(_make("peers").splitlines()) - set(_make(".venv/.dev").splitlines())
    ran = [line for line in _make("run", "test").splitlines() if line not in peers]
    (block,) = (fence for fence in fences(ROOT / "README.md") if ".venv/bin/python -m pip" in fence.text)
    assert set(block.commands) == {line for line in ran if not re.match(r"touch |\S*make ", line)}


def test_the_service_commands_of_the_readme_are_those_of_the_guide() -> None:
    """In the same order; the guide may say more."""
    guide = [command for fence in fences(ROOT / "docs" / "service.md") for command in fence.commands]
    (block,) = (fence for fence in fences(ROOT / "README.md") if "systemctl" in fence.text)
    rest = iter(guide)
    missing = [command for command in block.commands if command not in rest]
    assert missing == []
