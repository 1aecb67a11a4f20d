"""Feeds are added to a config file and removed from it as a careful person would."""

from __future__ import annotations

import multiprocessing
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.patience import HANGS
from watcher.config import load
from watcher.config.edit import add_feed, add_feeds, remove_feed
from watcher.errors import ConfigError, WatcherError

CONFIG = """\
# Unser Wächter.
[polling]
every = "5m"   # öfter lohnt nicht

# -- Quellen --

# der Anzeiger
[[feeds]]
name = "Anzeiger"
url = "https://anzeiger.example/feed.xml"
# every = "1m"
timeout = "30s"   # langsam

# das Blatt
[[feeds]]
url = "https://blatt.example/rss"
name = 'Blatt'
[feeds.headers]
Accept-Language = "de"
# kein Cookie

# -- Regeln --
[[watches]]
name = "Brücke"
terms = ["Elbbrücke"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


class TestAdd:
    def test_a_feed_goes_behind_the_others_and_nothing_else_changes(self, file: Path) -> None:
        """Every former line is still there, in its place."""
        feed = add_feed(file, "https://kurier.example/a.xml", name="Kurier", options={"every": "9m"})
        added = '\n[[feeds]]\nname = "Kurier"\nurl = "https://kurier.example/a.xml"\nevery = "9m"\n'
        before = 'Accept-Language = "de"\n'
        assert file.read_text() == CONFIG.replace(before, before + added)
        assert load(file).feeds[2] == feed

    def test_a_feed_without_a_name_is_called_after_its_host(self, file: Path) -> None:
        """`www.` is dropped; a second feed of the host gets a number."""
        assert add_feed(file, "https://www.kurier.example/politik.xml").name == "kurier.example"
        assert add_feed(file, "https://www.kurier.example/sport.xml").name == "kurier.example 2"
        assert add_feed(file, "https://kurier.example/kultur.xml").name == "kurier.example 3"

    def test_the_first_feed_goes_to_the_end(self, tmp_path: Path) -> None:
        """A file without feeds, even an empty one or one without its last line end, gets one."""
        file = tmp_path / "config.toml"
        for text in ("", "# leer", '[[watches]]\nname = "w"\nterms = ["a"]\n'):
            file.write_text(text)
            add_feed(file, "https://a.example/x", name="a")
            assert file.read_text().startswith(text)
            assert [feed.name for feed in load(file).feeds] == ["a"]

    def test_feeds_that_are_written_as_a_list_stay_a_list(self, tmp_path: Path) -> None:
        """`feeds = [{…}]` is extended as it is."""
        file = tmp_path / "config.toml"
        file.write_text('feeds = [\n  { name = "a", url = "https://a.example/" },  # eins\n]\n[polling]\n')
        add_feed(file, "https://b.example/", name="b")
        assert "# eins" in file.read_text()
        assert [feed.name for feed in load(file).feeds] == ["a", "b"]
        remove_feed(file, "a")
        assert [feed.name for feed in load(file).feeds] == ["b"]
        remove_feed(file, "b")
        assert load(file).feeds == ()

    def test_lines_are_counted_as_toml_does(self, file: Path) -> None:
        """A comment with a Unicode line separator is one line."""
        file.write_text("# eins\u2028zwei\x85drei\n" + CONFIG, encoding="utf-8")
        add_feed(file, "https://kurier.example/a.xml")
        remove_feed(file, "kurier.example")
        assert file.read_text(encoding="utf-8").startswith("# eins\u2028zwei\x85drei\n# Unser")

    def test_windows_line_ends_stay(self, file: Path) -> None:
        """A file with CR LF keeps them in every line."""
        file.write_bytes(CONFIG.replace("\n", "\r\n").encode())
        add_feed(file, "https://kurier.example/a.xml")
        content = file.read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n")

    @pytest.mark.parametrize(
        ("url", "name", "options", "sentence"),
        [
            ("kurier.example", "", {}, "url must be an address that begins with https:// or http://"),
            ("https://[::1", "", {}, "url is not an address"),
            ("https://Blatt.example/rss#x", "", {}, "url is already the address of feeds\\[1\\]"),
            ("https://neu.example/", "Blatt", {}, "name is already the name of feeds\\[1\\]"),
            ("https://neu.example/", "x\n", {}, "name must not begin or end with white space"),
            ("https://neu.example/", "x", {"evry": "5m"}, 'evry is not a known key; did you mean "every"'),
        ],
    )
    def test_a_feed_that_cannot_be_is_refused(
        self, file: Path, url: str, name: str, options: dict[str, str], sentence: str
    ) -> None:
        """The reason is a sentence about the feed, and the file is as it was."""
        with pytest.raises(WatcherError, match=f"this feed cannot be added: {sentence}"):
            add_feed(file, url, name=name, options=options)
        assert file.read_text() == CONFIG

    def test_a_file_that_is_wrong_is_not_touched(self, file: Path) -> None:
        """An invalid config has to be fixed first."""
        file.write_text(CONFIG + "[polling2]\n")
        with pytest.raises(ConfigError, match="polling2: is not a known key"):
            add_feed(file, "https://kurier.example/")
        assert file.read_text() == CONFIG + "[polling2]\n"


class TestAddMany:
    def test_all_are_added_in_their_order_and_comments_stay(self, file: Path) -> None:
        """The text before and behind is the same; names with quotes, backslashes and any letters survive."""
        names = ['Der "Bote"', "C:\\Blatt", "Größe 😀", "it's # no comment", "[[feeds]]"]
        chosen = [{"name": name, "url": f"https://neu.example/{number}"} for number, name in enumerate(names)]
        added = add_feeds(file, lambda config: chosen if len(config.feeds) == 2 else [])
        assert [feed.name for feed in added] == names
        text = file.read_text(encoding="utf-8")
        assert [feed["name"] for feed in tomllib.loads(text)["feeds"]] == ["Anzeiger", "Blatt", *names]
        head, tail = CONFIG.split('Accept-Language = "de"\n')
        assert text.startswith(head)
        assert text.endswith(tail)

    def test_one_that_is_wrong_stops_all(self, file: Path) -> None:
        """Nothing is written; the sentence names the key."""
        chosen = [{"name": "a", "url": "https://a.example/"}, {"name": "Blatt", "url": "https://b.example/"}]
        with pytest.raises(WatcherError, match="name is already the name of"):
            add_feeds(file, lambda _config: chosen)
        assert file.read_text() == CONFIG

    def test_nothing_chosen_writes_nothing(self, file: Path) -> None:
        """Not even the same bytes again."""
        before = file.stat()
        assert add_feeds(file, lambda _config: []) == ()
        assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_feeds_that_are_written_as_a_list_stay_a_list(self, tmp_path: Path) -> None:
        """Also an empty one."""
        file = tmp_path / "config.toml"
        for text in ("feeds = []  # leer\n", 'feeds = [{ name = "z", url = "https://z.example/" }]\n'):
            file.write_text(text)
            chosen = [{"name": name, "url": f"https://{name}.example/"} for name in "ab"]
            add_feeds(file, lambda _config, chosen=chosen: chosen)  # type: ignore[misc]
            assert [feed.name for feed in load(file).feeds][-2:] == ["a", "b"]
            assert file.read_text().startswith("feeds = [")


class TestRemove:
    def test_a_feed_goes_and_the_comments_around_it_stay(self, file: Path) -> None:
        """Its own lines go, with the comments between them; those before and behind stay."""
        assert remove_feed(file, "Anzeiger").name == "Anzeiger"
        text = file.read_text()
        assert "anzeiger.example" not in text
        assert "# every" not in text
        for comment in ("# der Anzeiger\n", "# das Blatt\n", "# -- Quellen --\n", "# -- Regeln --\n", "# Unser"):
            assert comment in text
        assert [feed.name for feed in load(file).feeds] == ["Blatt"]

    def test_a_feed_with_tables_of_its_own_goes_whole(self, file: Path) -> None:
        """`[feeds.headers]` belongs to its feed."""
        remove_feed(file, "https://BLATT.example/rss")
        assert file.read_text() == CONFIG.replace(
            '[[feeds]]\nurl = "https://blatt.example/rss"\nname = \'Blatt\'\n[feeds.headers]\nAccept-Language = "de"\n',
            "",
        )

    def test_an_unknown_feed_is_a_sentence(self, file: Path) -> None:
        """The nearest name is suggested."""
        with pytest.raises(WatcherError, match=r"no feed is called 'Anzeigr' in .*; did you mean \"Anzeiger\"\?"):
            remove_feed(file, "Anzeigr")

    def test_a_feed_that_is_strewn_over_the_file_is_left_to_a_person(self, file: Path) -> None:
        """A table of the feed behind other sections: nothing is written."""
        strewn = CONFIG + '[feeds.headers]\nX = "y"\n'
        strewn = strewn.replace('[feeds.headers]\nAccept-Language = "de"\n', "", 1)
        file.write_text(strewn)
        with pytest.raises(WatcherError, match="edit the file by hand"):
            remove_feed(file, "Blatt")
        assert file.read_text() == strewn

    def test_all_feeds_can_go_and_come_back(self, file: Path) -> None:
        """An emptied file takes feeds again."""
        remove_feed(file, "Blatt")
        remove_feed(file, "Anzeiger")
        assert load(file).feeds == ()
        add_feed(file, "https://kurier.example/")
        assert [feed.name for feed in load(file).feeds] == ["kurier.example"]


class TestFile:
    def test_permissions_stay(self, file: Path) -> None:
        """A config that only its owner may read stays so."""
        file.chmod(0o640)
        add_feed(file, "https://kurier.example/")
        assert stat.S_IMODE(file.stat().st_mode) == 0o640

    def test_a_link_stays_a_link(self, file: Path, tmp_path: Path) -> None:
        """The file behind the link changes, not the link."""
        link = tmp_path / "etc" / "link.toml"
        link.parent.mkdir()
        link.symlink_to(file)
        add_feed(link, "https://kurier.example/")
        assert link.is_symlink()
        assert len(load(file).feeds) == 3

    def test_nothing_is_left_beside_the_file(self, file: Path) -> None:
        """No temporary file remains."""
        add_feed(file, "https://kurier.example/")
        remove_feed(file, "Blatt")
        assert [path.name for path in file.parent.iterdir()] == ["config.toml"]

    def test_a_file_that_is_not_there_is_a_sentence(self, tmp_path: Path) -> None:
        """A missing file, and a missing folder, are reported."""
        for file in (tmp_path / "no.toml", tmp_path / "no" / "config.toml"):
            with pytest.raises(WatcherError, match="No such file"):
                add_feed(file, "https://kurier.example/")

    @pytest.mark.slow
    def test_two_edits_at_once_both_count(self, file: Path) -> None:
        """Sixteen feeds added by four processes are all there."""
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=_add_four, args=(file, number)) for number in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(timeout=HANGS)
        assert {process.exitcode for process in processes} == {0}
        assert len(load(file).feeds) == 2 + 16


def _add_four(file: Path, process: int) -> None:
    for number in range(4):
        add_feed(file, f"https://p{process}.example/{number}")


NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name.isprintable() and name == name.strip())


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique=True), data=st.data())
def test_what_is_added_and_removed_leaves_the_file_as_it_was(
    tmp_path: Path, names: list[str], data: st.DataObject
) -> None:
    """Whatever a feed is called: it is there after adding, and the same text without it after removing."""
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    added = []
    for number, name in enumerate(names):
        added.append(add_feed(file, f"https://kurier.example/{number}", name=name).name)
    assert [feed["name"] for feed in tomllib.loads(file.read_text(encoding="utf-8"))["feeds"][2:]] == added
    for name in data.draw(st.permutations(added)):
        remove_feed(file, name)
    assert tomllib.loads(file.read_text(encoding="utf-8")) == tomllib.loads(CONFIG)
