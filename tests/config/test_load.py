"""A config file as a whole: what it gives, and everything that is wrong with it at once."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from watcher.config import ChannelType, Config, Secret, SecretSource, find, format_warnings, load, parse_duration
from watcher.errors import ConfigError
from watcher.model import Priority, Watch


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[str]:
    """The problems of a config, without the file name: `3: corpus.folder: must …`."""
    file = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]


def warnings(folder: Path, text: str) -> list[str]:
    file = write(folder, text)
    return [line.removeprefix(f"{file}:") for line in format_warnings(load(file))]


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
            with pytest.raises(ValueError, match="frozen"):
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


class TestWhatIsWrong:
    def test_every_problem_is_told_at_once_with_line_and_key(self, tmp_path: Path) -> None:
        """One run of `check` is enough to mend a file, however broken."""
        assert problems(tmp_path, BROKEN) == BROKEN_PROBLEMS

    def test_a_syntax_error_names_its_line(self, tmp_path: Path) -> None:
        """TOML that cannot be read is told with its line and what to write."""
        (line,) = problems(tmp_path, "[corpus]\nfolder = seeds\n")
        assert line.startswith("2: is not valid TOML: a value is missing or not complete; texts stand in quotes")

    def test_an_open_end_names_the_last_line(self, tmp_path: Path) -> None:
        """A list that is never closed is told at the end of the file."""
        (line,) = problems(tmp_path, '[[watches]]\nname = "w"\nterms = ["a",\n')
        assert line.startswith("4: is not valid TOML: ")

    def test_deep_nesting_is_a_sentence(self, tmp_path: Path) -> None:
        """Ten thousand brackets end in a sentence, not in a traceback."""
        assert "nested too deeply" in problems(tmp_path, "x = " + "[" * 10_000)[0]

    @pytest.mark.parametrize("text", ["folder = 1", "x = " + "9" * 5000])
    def test_keys_outside_of_a_section_are_unknown(self, tmp_path: Path, text: str) -> None:
        """Even a number longer than Python reads is one sentence."""
        assert len(problems(tmp_path, text)) == 1

    def test_a_file_that_is_not_utf8_names_the_line(self, tmp_path: Path) -> None:
        """Latin-1 umlauts are found by line."""
        file = tmp_path / "config.toml"
        file.write_bytes("[corpus]\n# für\n".encode("latin-1"))
        with pytest.raises(ConfigError, match=r"config.toml:2: is not UTF-8 text"):
            load(file)

    def test_a_file_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        """A missing file and a folder are config errors."""
        with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read: No such file"):
            load(tmp_path / "nowhere.toml")
        with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
            load(tmp_path)

    def test_one_address_is_polled_once(self, tmp_path: Path) -> None:
        """Two feeds with one address are a problem, however it is spelled."""
        text = '[[feeds]]\nname = "{}"\nurl = "{}"\n'
        first, second = text.format("a", "https://a.example/x"), text.format("b", "HTTPS://A.example:443/x#top")
        assert problems(tmp_path, first + second) == [
            "6: feeds[1].url: is the address of feeds[0] already; change or remove one of them"
        ]
        assert load(write(tmp_path, first + text.format("b", "https://a.example/X"))).feeds[1].name == "b"

    def test_the_state_cannot_lie_in_the_corpus(self, tmp_path: Path) -> None:
        """The corpus folder holds nothing but documents."""
        assert problems(tmp_path, '[state]\nurl = "sqlite:///seeds/w.db"\n') == [
            "2: state.url: must lie outside of the corpus folder, which is for documents only"
        ]

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///w.db?mode=ro", "w.db"])
    def test_the_state_must_be_a_file(self, tmp_path: Path, url: str) -> None:
        """State that ends with the process, or that is no sqlite address, is refused."""
        (line,) = problems(tmp_path, f'[state]\nurl = "{url}"\n')
        assert line.startswith("2: state.url: must ")

    def test_another_database_is_told_to_come_later(self, tmp_path: Path) -> None:
        """PostgreSQL addresses are understood, and refused in words."""
        (line,) = problems(tmp_path, '[state]\nurl = "postgresql+psycopg://db/watcher"\n')
        assert line.endswith("only sqlite is supported in this version")

    @pytest.mark.parametrize(
        "url",
        [
            "www.example.org/feed",
            "ftp://example.org/feed",
            "https://",
            "https:///feed",
            "http://exa mple.org",
            "http://[::1/feed",
            "http://example.org:99999/",
            "http://example.org:0/",
            "javascript:alert(1)",
            "",
            "https://user:pass@example.org/feed",
        ],
    )
    def test_a_feed_has_an_http_address(self, tmp_path: Path, url: str) -> None:
        """Anything but http(s) with a host is refused, and a password is not repeated."""
        (line,) = problems(tmp_path, f'[[feeds]]\nname = "a"\nurl = "{url}"\n')
        assert line.startswith("3: feeds[0].url: ")
        assert "pass@" not in line

    def test_sections_of_the_wrong_shape_are_told_how_to_write_them(self, tmp_path: Path) -> None:
        """[feeds] for [[feeds]], and the reverse."""
        text = 'watches = ["Rutte"]\n[feeds]\nname = "a"\n[[corpus]]\nfolder = "x"\n[[polling]]\n'
        assert problems(tmp_path, text) == [
            "1: watches[0]: must be a table; write [[watches]]",
            "2: feeds: must be written [[feeds]], once for each of them",
            "4: corpus: must be a table; write [corpus]",
            "6: polling: must be a table; write [polling]",
        ]


class TestWarnings:
    def test_a_secret_in_plain_sight_is_a_warning(self, tmp_path: Path) -> None:
        """Inline secrets work and warn; the warning does not hold them."""
        (line,) = warnings(tmp_path, SLACK.format(url="https://hooks.slack.com/services/T0/B0/abc"))
        assert line == "8: channels[0].url: is a secret in plain sight; better url_credential, url_file or url_env"

    def test_a_slack_address_elsewhere_is_a_warning(self, tmp_path: Path) -> None:
        """A Slack channel that leads to another host is suspicious, and allowed."""
        lines = warnings(tmp_path, SLACK.format(url="http://127.0.0.1:8080/geheim"))
        assert '8: channels[0].url: leads to "127.0.0.1", not to hooks.slack.com; is that really Slack?' in lines
        assert "geheim" not in "".join(lines)

    def test_a_channel_that_nobody_tells_is_a_warning(self, tmp_path: Path) -> None:
        """A channel that no watch names is most likely a slip, unless it is for ops."""
        text = '[[channels]]\nname = "a"\ntype = "console"\n'
        assert warnings(tmp_path, text) == [
            "1: channels[0]: is told nothing: no watch names this channel, and it is not for ops"
        ]
        assert warnings(tmp_path, text + "ops = true\n") == []


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
        """Who has no config is told the ways to name one."""
        with pytest.raises(ConfigError, match=r"there is neither .*here.toml nor .*; name your config with --config"):
            find(None, {}, defaults=(tmp_path / "here.toml", tmp_path / "system.toml"))


def test_reading_ten_thousand_feeds_takes_no_time(tmp_path: Path) -> None:
    """A config is read in time linear in its length."""
    feed = '[[feeds]]\nname = "feed {0}"\nurl = "https://news.example/{0}"\n\n'
    config: Config = load(write(tmp_path, "".join(feed.format(number) for number in range(10_000))))
    assert len(config.feeds) == 10_000


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

BROKEN = """\
[corpus]
timezone = "Europe/Berln"
[net]
allow_private = ["10.1.2.0/16", 3]
per_host = 0
robots = "yes"
contact = "Jörg"
[feed]
[[feeds]]
name = ""
url = "ftp://x"
headers = { A = 3 }
[[feeds]]
every = 15
[[watches]]
name = "w"
terms = [
  "Elbe",
  " - ",
  3,
]
query = "x"
channels = ["newsrom"]
[[watches]]
nam = "x"
terms = []
[[channels]]
name = "newsroom"
type = "slack"
room = "x"
colour = 2
[[channels]]
name = "m"
type = "matrx"
[[channels]]
name = "m"
type = "matrix"
token_credential = "a/b"
quiet = "22:00-7"
digest = "0 99 * * *"
max_per_hour = 0
group_wait = "2m"
[[channels]]
name = "hook"
type = "webhook"
url = "http://geheim e"
url_env = "X"
secret = ""
envelope = "plan"
"""

BROKEN_PROBLEMS = [
    '2: corpus.timezone: is not a known time zone, write it like Europe/Berlin or UTC; did you mean "Europe/Berlin"?',
    '4: net.allow_private[0]: is not a network, write it like "10.1.0.0/16" or "fd00::/8"; did you mean "10.1.0.0/16"?',
    '4: net.allow_private[1]: must be a network in quotes such as "10.1.0.0/16"',
    "5: net.per_host: must be at least 1",
    "6: net.robots: must be true or false, without quotes",
    "7: net.contact: must hold plain ASCII characters only, because it is sent as an HTTP header",
    '8: feed: is not a known key; did you mean "feeds"?',
    "10: feeds[0].name: must not be empty; give it a name",
    "11: feeds[0].url: must be an address that begins with https:// or http://",
    '12: feeds[0].headers.A: must be a text in quotes, e.g. "…"',
    '13: feeds[1].name: is missing; add name = "…"',
    '13: feeds[1].url: is missing; add url = "…"',
    '14: feeds[1].every: must be a duration in quotes such as "90s", "15m", "24h" or "2d"',
    "19: watches[0].terms[1]: is empty: it must hold a letter or a digit",
    '20: watches[0].terms[2]: must be a text in quotes, e.g. "…"',
    "22: watches[0].query: stands beside terms; keep only one of terms and query",
    '23: watches[0].channels[0]: there is no channel "newsrom"; did you mean "newsroom"?',
    '24: watches[1].name: is missing; add name = "…"',
    '25: watches[1].nam: is not a known key; did you mean "name"?',
    '26: watches[1].terms: must not be empty; write terms = ["…"]',
    '27: channels[0].url: type "slack" needs it; add url_credential, url_env, url_file or url',
    '30: channels[0].room: is not a key of type "slack"; take it out',
    "31: channels[0].colour: is not a known key; known here: name, type, group_wait, digest, quiet, max_per_hour, "
    "follow_ups, ops, url, url_env, url_file, url_credential",
    '34: channels[1].type: must be one of "slack", "matrix-webhook", "matrix", "webhook", "apprise", "console"; '
    'did you mean "matrix"?',
    '35: channels[2].homeserver: type "matrix" needs it; add homeserver = "…"',
    '35: channels[2].room: type "matrix" needs it; add room = "…"',
    "36: channels[2].name: is the name of channels[1] already; change or remove one of them",
    "38: channels[2].token_credential: must be the plain name of a credential (LoadCredential=NAME:FILE), without /",
    "39: channels[2].quiet: holds '7', which is not a time of day such as \"08:00\"",
    "40: channels[2].digest: has '99' as its hour; write * or numbers from 0 to 23",
    "41: channels[2].max_per_hour: must be at least 1",
    '42: channels[2].group_wait: must lie between "0s" and "60s"',
    "46: channels[3].url: must be an address without white space or control characters",
    "47: channels[3].url_env: is a second spelling of url; keep only one of url and url_env",
    '48: channels[3].secret: must be a text in quotes that is not empty, e.g. "…"',
    '49: channels[3].envelope: must be one of "plain", "cloudevents"; did you mean "plain"?',
]
