"""A config file as a whole: what it gives, what it warns of, and where it is found."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.config.files import problems, warnings, write
from tests.effort import lines_run
from tests.rights import heeding_rights
from watcher.config import ChannelType, Secret, SecretSource, find, load, parse_duration
from watcher.errors import ConfigError
from watcher.model import Priority, Watch


class TestWhatAConfigGives:
    def test_an_empty_file_is_valid_and_gives_the_documented_defaults(self, tmp_path: Path) -> None:
        """Nothing is required: every key has the default that DESIGN.md shows."""
        config = load(write(tmp_path, ""))
        assert config.corpus.folder == tmp_path / "seeds"
        assert config.corpus.timezone == "Europe/Berlin"
        assert config.state.path == tmp_path / "state" / "watcher.db"
        assert config.state.url == f"sqlite:///{tmp_path}/state/watcher.db"
        assert (config.polling.every, config.polling.fastest) == (timedelta(minutes=15), timedelta(minutes=2))
        assert config.polling.slowest == timedelta(hours=24)
        assert (config.net.allow_private, config.net.per_host, config.net.robots) == ((), 2, True)
        assert (config.net.pause, config.net.timeout) == (timedelta(seconds=1), timedelta(seconds=60))
        assert (config.feeds, config.watches, config.channels, config.warnings) == ((), (), (), ())

    def test_every_section_arrives_typed(self, tmp_path: Path) -> None:
        """Feeds, watches and channels become values; durations, networks and secrets are parsed."""
        config = load(write(tmp_path, EVERYTHING))
        assert config.net.allow_private == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
        feed = config.feeds[0]
        assert (feed.name, feed.every, feed.fastest) == ("Anzeiger", timedelta(minutes=5), timedelta(minutes=3))
        assert (feed.timeout, dict(feed.headers)) == (timedelta(seconds=90), {"Accept-Language": "de"})
        assert config.watches[0] == Watch(
            name="Brücke", terms=("Elbbrücke", "Brückenbau"), channels=("desk", "hook"), priority=Priority.HIGH
        )
        assert config.watches[1].query == "Fähre AND Elbe"
        desk, hook = config.channels
        assert desk.type is ChannelType.SLACK
        assert desk.url == Secret(source=SecretSource.CREDENTIAL, value="slack_desk")
        assert (desk.group_wait, desk.quiet, desk.max_per_hour) == (timedelta(seconds=5), "22:00-06:30", 30)
        assert (hook.type, hook.envelope, hook.ops) == ("webhook", "cloudevents", True)

    def test_a_config_cannot_be_changed(self, tmp_path: Path) -> None:
        """Config and its sections are frozen."""
        config = load(write(tmp_path, EVERYTHING))
        for value, key in ((config, "feeds"), (config.net, "per_host"), (config.feeds[0], "url")):
            with pytest.raises((ValueError, AttributeError), match=r"frozen|cannot assign"):
                setattr(value, key, None)
        with pytest.raises(TypeError):
            config.feeds[0].headers["X"] = "y"  # type: ignore[index]  # the mapping is read-only on purpose

    def test_relative_paths_start_at_the_folder_of_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the command was started does not matter, nor that the file was named relatively."""
        (tmp_path / "etc").mkdir()
        write(tmp_path / "etc", '[corpus]\nfolder = "../papers"\n[state]\nurl = "sqlite:////var/tmp/w.db"\n')
        monkeypatch.chdir(tmp_path)
        config = load(Path("etc/config.toml"))
        assert config.file == tmp_path / "etc" / "config.toml"
        assert config.corpus.folder.resolve() == tmp_path / "papers"
        assert config.state.path == Path("/var/tmp/w.db")

    def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(self, tmp_path: Path) -> None:
        """A file from a Windows editor loads."""
        file = tmp_path / "config.toml"
        file.write_bytes(b'\xef\xbb\xbf[corpus]\r\nfolder = "papers"\r\n')
        assert load(file).corpus.folder == tmp_path / "papers"


class TestIntervals:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ('every = "1s"', ("1s", "1s", "24h")),
            ('every = "3d"', ("3d", "2m", "3d")),
            ('fastest = "1h"', ("1h", "1h", "24h")),
            ('slowest = "10m"', ("10m", "2m", "10m")),
            ('slowest = "1s"', ("1s", "1s", "1s")),
            ('every = "30m"\nfastest = "10m"', ("30m", "10m", "24h")),
        ],
    )
    def test_a_bound_that_is_not_written_gives_way(
        self, tmp_path: Path, written: str, expected: tuple[str, str, str]
    ) -> None:
        """There are no hidden floors: `every = "1s"` alone polls every second, in [polling] and in a feed."""
        feed = f'[[feeds]]\nname = "a"\nurl = "https://a.example/"\n{written}\n'
        config = load(write(tmp_path, f"[polling]\n{written}\n{feed}"))
        alone = load(write(tmp_path, feed)).feeds[0]
        wanted = tuple(parse_duration(each) for each in expected)
        for intervals in (config.polling, config.feeds[0], alone):
            assert (intervals.every, intervals.fastest, intervals.slowest) == wanted

    def test_a_feed_inherits_the_intervals_of_polling(self, tmp_path: Path) -> None:
        """What a feed does not say is said by [polling]."""
        polling = '[polling]\nevery = "7m"\nfastest = "5m"\n'
        text = polling + '[[feeds]]\nname = "a"\nurl = "http://a.example"\nslowest = "2h"\n'
        feed = load(write(tmp_path, text)).feeds[0]
        assert (feed.every, feed.fastest, feed.slowest) == (
            timedelta(minutes=7),
            timedelta(minutes=5),
            timedelta(hours=2),
        )

    def test_written_bounds_that_contradict_each_other_are_a_problem(self, tmp_path: Path) -> None:
        """Two intervals that are both written are never bent."""
        assert problems(tmp_path, '[polling]\nevery = "1m"\nfastest = "5m"\n') == [
            "1: polling: needs fastest ≤ every ≤ slowest, but they are 5m, 1m and 1d"
        ]


class TestWarnings:
    def test_a_secret_in_plain_sight_is_a_warning(self, tmp_path: Path) -> None:
        """Inline secrets work and warn; the warning does not hold them."""
        (line,) = warnings(tmp_path, SLACK.format(url="https://hooks.slack.com/services/T0/B0/abc"))
        assert line == "8: channels[0].url: is a secret in plain text; better use url_credential, url_file or url_env"

    @pytest.mark.parametrize("password", ["geheim", "ge[heim]x", "ge[heim"])
    def test_a_password_of_the_state_is_warned_about_and_not_shown(self, tmp_path: Path, password: str) -> None:
        """Also one with brackets, which the driver accepts."""
        text = f'[state]\nurl = "postgresql+psycopg://watcher:{password}@db/watcher"\n'
        assert warnings(tmp_path, text) == [
            "2: state.url: is a secret in plain text; better use url_credential, url_file or url_env"
        ]

    def test_a_slack_address_elsewhere_is_a_warning(self, tmp_path: Path) -> None:
        """A Slack channel that leads to another host is suspicious, and allowed."""
        lines = warnings(tmp_path, SLACK.format(url="http://127.0.0.1:8080/geheim"))
        assert '8: channels[0].url: has the host "127.0.0.1", not hooks.slack.com; is this really Slack?' in lines
        assert "geheim" not in "".join(lines)

    def test_a_channel_that_nobody_tells_is_a_warning(self, tmp_path: Path) -> None:
        """A channel that no watch names is most likely a slip, unless it is for ops."""
        text = '[[channels]]\nname = "a"\ntype = "console"\n'
        assert warnings(tmp_path, text) == [
            "1: channels[0]: receives nothing: no watch names this channel, and ops is not set"
        ]
        assert warnings(tmp_path, text + "ops = true\n") == []

    def test_near_misses_without_a_digest_are_a_warning(self, tmp_path: Path) -> None:
        """Only digests show near misses: one channel of the watch with a digest suffices."""
        watch = '[[watches]]\nname = "w"\nterms = ["a"]\nnear_misses = "{}"\nchannels = ["x", "y"]\n'
        channels = '[[channels]]\nname = "x"\ntype = "console"\n[[channels]]\nname = "y"\ntype = "console"\n'
        assert warnings(tmp_path, watch.format("digest") + channels) == [
            "4: watches[0].near_misses: has no effect: no channel of this watch has a digest"
        ]
        assert warnings(tmp_path, watch.format("off") + channels) == []
        assert warnings(tmp_path, watch.format("digest") + channels + 'digest = "08:00"\n') == []


FIND = """
import sys
from pathlib import Path
from watcher.config import find
from watcher.errors import ConfigError
try:
    find(None, {}, defaults=[Path(each) for each in sys.argv[1:]])
except ConfigError as error:
    print(error)
"""


class TestFind:
    def test_the_argument_goes_before_the_environment(self, tmp_path: Path) -> None:
        """--config, then $WATCHER_CONFIG, then the default places in their order."""
        here, system = tmp_path / "here.toml", tmp_path / "system.toml"
        environ = {"WATCHER_CONFIG": "/named/by/environment.toml"}
        assert find(Path("given.toml"), environ, defaults=(here, system)) == Path("given.toml")
        assert find(None, environ, defaults=(here, system)) == Path("/named/by/environment.toml")
        system.touch()
        assert find(None, {"WATCHER_CONFIG": ""}, defaults=(here, system)) == system
        here.touch()
        assert find(None, {}, defaults=(here, system)) == here

    def test_no_config_at_all_is_a_sentence(self, tmp_path: Path) -> None:
        """The error names the ways to choose a config."""
        with pytest.raises(ConfigError, match=r"there is neither .*here.toml nor .*; name your config with --config"):
            find(None, {}, defaults=(tmp_path / "here.toml", tmp_path / "system.toml"))

    def test_a_folder_that_may_not_be_entered_is_a_sentence(self, tmp_path: Path) -> None:
        """A person without rights to the folder of the system's config learns how to name another one."""
        closed = tmp_path / "system" / "config.toml"
        closed.parent.mkdir(mode=0o000)
        command = [*heeding_rights(), sys.executable, "-c", FIND, str(tmp_path / "here.toml"), str(closed)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert found.stdout.startswith(f"{closed}: cannot be looked for: Permission denied; "), found.stderr
        assert "name your config with --config" in found.stdout


def test_reading_many_feeds_is_work_in_proportion(tmp_path: Path) -> None:
    """Four times as many feeds are four times the work."""
    feed = '[[feeds]]\nname = "feed {0}"\nurl = "https://news.example/{0}"\n\n'

    def reading(count: int) -> int:
        config = write(tmp_path, "".join(feed.format(number) for number in range(count)))
        return lines_run(lambda: load(config))

    assert reading(4_000) <= 4.5 * reading(1_000)
    assert len(load(write(tmp_path, "".join(feed.format(number) for number in range(10_000)))).feeds) == 10_000


SLACK = """\
[[watches]]
name = "w"
terms = ["Elbe"]
channels = ["desk"]
[[channels]]
name = "desk"
type = "slack"
url = "{url}"
"""

EVERYTHING = """\
[net]
allow_private = ["10.1.0.0/16", "fd00::/8"]
contact = "desk@example.org"

[[feeds]]
name = "Anzeiger"
url = "https://anzeiger.example/feed.xml"
every = "5m"
fastest = "3m"
timeout = "90s"
headers = { Accept-Language = "de" }

[[watches]]
name = "Brücke"
terms = ["Elbbrücke", "Brückenbau"]
channels = ["desk", "hook"]
priority = "high"

[[watches]]
name = "Fähre"
query = "Fähre AND Elbe"

[[channels]]
name = "desk"
type = "slack"
url_credential = "slack_desk"
group_wait = "5s"
quiet = "22:00-06:30"
digest = "08:00"
max_per_hour = 30

[[channels]]
name = "hook"
type = "webhook"
url_env = "HOOK_URL"
secret_file = "hook.key"
envelope = "cloudevents"
ops = true
"""
