"""The service files: valid for systemd, tight, and the same story as docs/service.md."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.needs import program, stop_at
from tests.patience import HANGS
from watcher.cli.shell import WRONG_CONFIG
from watcher.config import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "systemd"
UNIT = (FOLDER / "watcher.service").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
CLUSTER = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def tool(name: str) -> str:
    return program(name, package="systemd")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, timeout=HANGS, check=False
    )


def too_old(result: subprocess.CompletedProcess[str]) -> str:
    """The obstacle, if these tools lack an option that we ask for."""
    return "these tools of systemd are older than 250" if "unrecognized option" in result.stderr else ""


def settings(section: str) -> dict[str, list[str]]:
    """The settings of one section of the unit, in order."""
    (text,) = re.findall(rf"^\[{section}\]\n(.*?)(?=^\[|\Z)", UNIT, re.MULTILINE | re.DOTALL)
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as on a machine where the program is installed."""
    program = tmp_path / "watcher"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "watcher.service"
    unit.write_text(UNIT.replace("/opt/watcher/bin/watcher", str(program)))
    return unit


WORKER = (FOLDER / "watcher-worker@.service").read_text(encoding="utf-8")


class TestWorker:
    def test_systemd_finds_nothing_to_say_about_it(self, tmp_path: Path, installed: Path) -> None:
        """`systemd-analyze verify` knows every setting of the template, and the instance that the guide names."""
        program = installed.with_name("watcher")
        template = tmp_path / "watcher-worker@.service"
        template.write_text(WORKER.replace("/opt/watcher/bin/watcher", str(program)))
        unit = template.with_name("watcher-worker@fetch-archive-deliver.service")
        result = run(tool("systemd-analyze"), "verify", "--man=no", unit)
        assert (result.returncode, result.stderr) == (0, "")

    def test_it_is_as_tight_as_the_unit_of_the_daemon(self) -> None:
        """But for its description, its order after a local PostgreSQL and its command, all settings are the same."""
        daemon, worker = ({line for line in text.splitlines() if re.match(r"\w+=", line)} for text in (UNIT, WORKER))
        assert {line.partition("=")[0] for line in daemon ^ worker} == {"Description", "After", "ExecStart"}


class TestUnit:
    def test_systemd_finds_nothing_to_say_about_it(self, installed: Path) -> None:
        """`systemd-analyze verify` knows every setting and every value."""
        result = run(tool("systemd-analyze"), "verify", "--man=no", installed)
        assert (result.returncode, result.stderr) == (0, "")

    def test_systemd_finds_nothing_to_say_with_the_secrets(self, installed: Path) -> None:
        """The drop-in for secrets is valid, too."""
        folder = installed.with_name("watcher.service.d")
        folder.mkdir()
        shutil.copy(FOLDER / "secrets.conf", folder)
        result = run(tool("systemd-analyze"), "verify", "--man=no", installed)
        assert (result.returncode, result.stderr) == (0, "")

    def test_a_slip_would_be_noticed(self, installed: Path) -> None:
        """The check above can fail: a setting that does not exist is reported."""
        installed.write_text(installed.read_text().replace("PrivateTmp=", "PrivateTemp="))
        assert "PrivateTemp" in run(tool("systemd-analyze"), "verify", "--man=no", installed).stderr

    def test_its_exposure_is_at_most_1_2(self, installed: Path) -> None:
        """The rating of `systemd-analyze security` (0 is safest, 10 worst; the threshold counts tenths)."""
        result = run(tool("systemd-analyze"), "security", "--offline=true", "--threshold=12", installed)
        stop_at(too_old(result))
        assert result.returncode == 0, result.stdout[-200:]
        assert run(tool("systemd-analyze"), "security", "--offline=true", "--threshold=5", installed).returncode != 0

    def test_a_wrong_config_is_not_tried_again(self) -> None:
        """The exit code on which systemd does not restart is the one with which the program refuses a config."""
        assert settings("Service")["RestartPreventExitStatus"] == [str(WRONG_CONFIG)]

    def test_no_secret_is_needed_to_start(self) -> None:
        """A LoadCredential= line without its file keeps a service from starting: they are in the drop-in only."""
        assert "LoadCredential" not in settings("Service")
        assert "LoadCredential=slack_newsroom:/etc/watcher/credentials/slack_newsroom" in (
            FOLDER / "secrets.conf"
        ).read_text(encoding="utf-8")


class TestAccount:
    def test_the_user_is_made_as_declared(self, tmp_path: Path) -> None:
        """sysusers understands the file, and would make the user that the unit names."""
        sysusers = tool("systemd-sysusers")
        _account_files(tmp_path)
        result = run(sysusers, f"--root={tmp_path}", "--dry-run", FOLDER / "watcher.sysusers.conf")
        stop_at(too_old(result))
        assert result.returncode == 0, result.stderr
        assert "Would create user 'watcher'" in result.stderr or "Creating user 'watcher'" in result.stderr
        assert settings("Service")["User"] == settings("Service")["Group"] == ["watcher"]

    def test_the_folders_are_made_as_declared(self, tmp_path: Path) -> None:
        """Readers in the group reach the corpus; state and secrets are closed to them."""
        stop_at("" if os.geteuid() == 0 else "to give folders to another user needs root")
        tmpfiles = tool("systemd-tmpfiles")
        _account_files(tmp_path)
        with (tmp_path / "etc/passwd").open("a") as passwd, (tmp_path / "etc/group").open("a") as group:
            passwd.write("watcher:x:995:995::/var/lib/watcher:/usr/sbin/nologin\n")
            group.write("watcher:x:995:\n")
        result = run(tmpfiles, f"--root={tmp_path}", "--create", FOLDER / "watcher.tmpfiles.conf")
        assert result.returncode == 0, result.stderr
        made = {
            path: (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
            for path in _declared_folders()
            for found in [(tmp_path / path.lstrip("/")).stat()]
        }
        assert made == {
            "/etc/watcher": (0o750, 0, 995),
            "/etc/watcher/credentials": (0o700, 0, 0),
            "/var/lib/watcher": (0o750, 995, 995),
            "/var/lib/watcher/seeds": (0o2750, 995, 995),
            "/var/lib/watcher/state": (0o700, 995, 995),
        }

    def test_documents_stay_inside_the_group(self) -> None:
        """The unit's mask and its state folder agree with the folders: the group reads, nobody else does."""
        assert settings("Service")["UMask"] == ["0027"]
        assert settings("Service")["StateDirectoryMode"] == ["0750"]


class TestConfig:
    def test_the_config_of_the_service_is_valid_and_absolute(self) -> None:
        """It names the folders that tmpfiles makes and that the unit may write to."""
        config = load(FOLDER / "config.toml")
        assert str(config.corpus.folder) == "/var/lib/watcher/seeds"
        assert str(config.state.path) == "/var/lib/watcher/state/watcher.db"
        assert {str(config.corpus.folder), str(config.state.path.parent)} <= set(_declared_folders())
        assert config.warnings == ()
        assert "ExecStart=/opt/watcher/bin/watcher --config /etc/watcher/config.toml run" in UNIT


class TestGuide:
    def test_every_file_that_it_installs_is_there(self) -> None:
        """No command of the guides names a file of ours that does not exist; none of ours is left out."""
        named = set(re.findall(r"(?<![\w/])systemd/[\w.@-]+", GUIDE + CLUSTER))
        assert named == {f"systemd/{path.name}" for path in FOLDER.iterdir()}

    def test_its_places_are_those_of_the_files(self) -> None:
        """Folders and paths read the same in the guide and in the files."""
        for place in (*_declared_folders(), "/opt/watcher", "/etc/watcher/config.toml"):
            assert place in GUIDE
        assert "1.1 of 10" in GUIDE

    def test_its_commands_are_shell(self) -> None:
        """Every block parses as shell."""
        blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
        assert len(blocks) >= 6
        for block in blocks:
            assert run("/bin/sh", "-n", "-c", block).returncode == 0


def _account_files(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")


def _declared_folders() -> list[str]:
    lines = (FOLDER / "watcher.tmpfiles.conf").read_text(encoding="utf-8").splitlines()
    return [line.split()[1] for line in lines if line.startswith("d ")]
