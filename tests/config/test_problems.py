"""Every problem of a config file is reported at once, with its line and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import problems, write
from watcher.config import load
from watcher.errors import ConfigError


class TestWhatIsWrong:
    def test_every_problem_is_told_at_once_with_line_and_key(self, tmp_path: Path) -> None:
        """One run of `check` reports everything that must be fixed."""
        assert problems(tmp_path, BROKEN) == BROKEN_PROBLEMS

    def test_a_syntax_error_names_its_line(self, tmp_path: Path) -> None:
        """Invalid TOML is reported with its line and what to write."""
        (line,) = problems(tmp_path, "[corpus]\nfolder = seeds\n")
        assert line.startswith("2: is not valid TOML: a value is missing or incomplete; strings need quotes")

    def test_an_open_end_names_the_last_line(self, tmp_path: Path) -> None:
        """A list that is never closed is reported at the end of the file."""
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
            "6: feeds[1].url: is already the address of feeds[0]; change or remove one of them"
        ]
        assert load(write(tmp_path, first + text.format("b", "https://a.example/X"))).feeds[1].name == "b"

    def test_a_followed_list_has_one_place(self, tmp_path: Path) -> None:
        """An address or a file, once each; a password in the address is refused and not repeated."""
        text = """\
[[opml]]
name = "a"
[[opml]]
name = "b"
url = "https://a.example/l"
file = "l.opml"
[[opml]]
name = "b"
url = "https://ich:geheim@a.example/l"
[[opml]]
name = "c"
file = ""
[[opml]]
name = "d"
url = "HTTPS://A.example/l#x"
fil = "x"
"""
        found = problems(tmp_path, text)
        assert sorted(line.partition(";")[0] for line in found) == sorted(
            [
                '1: opml[0]: needs url = "…" or file = "…", and not both',
                '3: opml[1]: needs url = "…" or file = "…", and not both',
                "8: opml[2].name: is already the name of opml[1]",
                "9: opml[2].url: contains a user name or password",
                "9: opml[2].url: is already the address of opml[1]",
                '12: opml[3].file: must name an OPML file, e.g. "lists/papers.opml"',
                "15: opml[4].url: is already the address of opml[1]",
                "16: opml[4].fil: is not a known key",
            ]
        )
        assert "geheim" not in "".join(found)

    def test_near_misses_are_off_or_in_digests(self, tmp_path: Path) -> None:
        """Another value is refused with the two that there are."""
        (line,) = problems(tmp_path, '[[watches]]\nname = "w"\nterms = ["a"]\nnear_misses = "alert"\n')
        assert line.startswith("4: watches[0].near_misses: must be ")
        assert '"off"' in line
        assert '"digest"' in line

    def test_the_state_cannot_lie_in_the_corpus(self, tmp_path: Path) -> None:
        """The corpus folder holds nothing but documents."""
        assert problems(tmp_path, '[state]\nurl = "sqlite:///seeds/w.db"\n') == [
            "2: state.url: must be outside of the corpus folder, which is for documents only"
        ]

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///w.db?mode=ro", "w.db"])
    def test_the_state_must_be_a_file(self, tmp_path: Path, url: str) -> None:
        """A state in memory, or a URL of another database, is refused."""
        (line,) = problems(tmp_path, f'[state]\nurl = "{url}"\n')
        assert line.startswith("2: state.url: must ")

    @pytest.mark.parametrize(
        ("keys", "problem"),
        [
            ('url = "mysql://w@db/w"', "2: state.url: must be like "),
            ('url = "postgresql://w@db/w"', "2: state.url: must be like "),
            ('url_env = "W"\nurl = "sqlite:///w.db"', "2: state.url_env: is a second spelling of url"),
            ('url_env = "W"\nserver = "w"', "3: state.server: is not a known key"),
            ('server = "w"', "2: state.server: is not a known key"),
        ],
    )
    def test_a_state_on_a_server_has_one_address(self, tmp_path: Path, keys: str, problem: str) -> None:
        """One of its spellings, and of a known kind."""
        (line,) = problems(tmp_path, f"[state]\n{keys}\n")
        assert line.startswith(problem)

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
            "https://user:x[pass@]example.org/feed",
            "https://user:pass@/example.org/feed",
        ],
    )
    def test_a_feed_has_an_http_address(self, tmp_path: Path, url: str) -> None:
        """Anything but http(s) with a host is refused, and a password is not repeated."""
        (line,) = problems(tmp_path, f'[[feeds]]\nname = "a"\nurl = "{url}"\n')
        assert line.startswith("3: feeds[0].url: ")
        assert "pass" not in line.partition("url: ")[2].replace("password", "")

    def test_sections_of_the_wrong_shape_are_told_how_to_write_them(self, tmp_path: Path) -> None:
        """[feeds] for [[feeds]], and the reverse."""
        text = 'watches = ["Rutte"]\n[feeds]\nname = "a"\n[[corpus]]\nfolder = "x"\n[[polling]]\n'
        assert problems(tmp_path, text) == [
            "1: watches[0]: must be a table; write [[watches]]",
            "2: feeds: must be written as [[feeds]], once for each of them",
            "4: corpus: must be a table; write [corpus]",
            "6: polling: must be a table; write [polling]",
        ]


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
    "7: net.contact: must contain ASCII characters only, because it is sent as an HTTP header",
    '8: feed: is not a known key; did you mean "feeds"?',
    "10: feeds[0].name: must not be empty; give it a name",
    "11: feeds[0].url: must be an address that begins with https:// or http://",
    '12: feeds[0].headers.A: must be a text in quotes, e.g. "…"',
    '13: feeds[1].name: is missing; add name = "…"',
    '13: feeds[1].url: is missing; add url = "…"',
    '14: feeds[1].every: must be a duration in quotes such as "90s", "15m", "24h" or "2d"',
    "19: watches[0].terms[1]: must contain a letter or a digit",
    '20: watches[0].terms[2]: must be a text in quotes, e.g. "…"',
    "22: watches[0].query: cannot be combined with terms; keep only one of them",
    '23: watches[0].channels[0]: no channel is called "newsrom"; did you mean "newsroom"?',
    '24: watches[1].name: is missing; add name = "…"',
    '25: watches[1].nam: is not a known key; did you mean "name"?',
    '26: watches[1].terms: must not be empty; write terms = ["…"]',
    '27: channels[0].url: type "slack" needs it; add url_credential, url_env, url_file or url',
    '30: channels[0].room: is not a key of type "slack"; remove it',
    "31: channels[0].colour: is not a known key; known here: name, type, group_wait, digest, quiet, max_per_hour, "
    "follow_ups, revisions, ops, url, url_env, url_file, url_credential",
    '34: channels[1].type: must be one of "slack", "matrix-webhook", "matrix", "webhook", "apprise", "console"; '
    'did you mean "matrix"?',
    '35: channels[2].homeserver: type "matrix" needs it; add homeserver = "…"',
    '35: channels[2].room: type "matrix" needs it; add room = "…"',
    "36: channels[2].name: is already the name of channels[1]; change or remove one of them",
    "38: channels[2].token_credential: must be the plain name of a credential (LoadCredential=NAME:FILE), without /",
    "39: channels[2].quiet: holds '7', which is not a time of day such as \"08:00\"",
    "40: channels[2].digest: has '99' as its hour; write * or numbers from 0 to 23",
    "41: channels[2].max_per_hour: must be at least 1",
    '42: channels[2].group_wait: must be between "0s" and "60s"',
    "46: channels[3].url: must be an address without white space or control characters",
    "47: channels[3].url_env: is a second spelling of url; keep only one of url and url_env",
    '48: channels[3].secret: must be a string in quotes that is not empty, e.g. "…"',
    '49: channels[3].envelope: must be one of "plain", "cloudevents"; did you mean "plain"?',
]
