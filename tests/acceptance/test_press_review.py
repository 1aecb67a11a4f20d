"""`press-review`: the documents of a day with excerpts and links, and nothing that harms a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import html

from tests.acceptance.pages import news_page, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from watcher.model import Entry

DAY = "2026-03-02"
TIME = f'<time datetime="{DAY}">2.3.</time>'
HOSTILE = '<script>alert(1)</script> [x](javascript:alert(1)) \u202e**fett** "quoted" & Rutte'


def served(news: Newsroom, path: str, title: str, body: str, **more: str) -> Entry:
    """A page, and the entry that leads to it."""
    news.page(path, news_page(title, body, date=more.pop("date", TIME), head=more.pop("head", "")), headers=more)
    return Entry(id=path, link=path, title=title)


def text(number: int, repeat: int = 1) -> str:
    return "".join(f"<p>{part}</p>" for part in paragraphs(number, matching=True) * repeat)


@pytest.fixture(scope="module")
def kiosk() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def reviewed(kiosk: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Two outlets with the same report, a page with reservations, one of another day, and one with a hostile title."""
    news, program = kiosk, Program(tmp_path_factory.mktemp("reviewed"))
    same = text(1)
    policy = '<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="https://blatt.example/tdm">'
    robots = {"X-Robots-Tag": "noarchive, nosnippet"}
    blatt = [
        served(news, "/a", "Rutte am Kai", same),
        served(news, "/c", "Rutte liest vor", text(2), head=policy, **robots),
        served(news, "/d", "Rutte von gestern", text(3), date='<time datetime="2026-03-01">1.3.</time>'),
        served(news, "/e", HOSTILE.replace("<", "&lt;"), text(4)),
    ]
    other = [served(news, "/b", "Rutte am Hafen", same.replace("Das sagte", "Dies sagte"))]
    program.configure(
        feeds={"Blatt": news.feed("/f", blatt, title="Blatt"), "Kurier": news.feed("/g", other, title="Kurier")},
        terms={"Rutte": ["Rutte"], "Nichts": ["Quastenflosser"]},
    )
    program.once()
    return program


def page_of(program: Program, *options: str) -> html.HtmlElement:
    result = program.command("press-review", "--date", DAY, *options)
    assert result.code == 0, result.stderr
    return html.document_fromstring(result.stdout)


def test_stories_of_a_day_are_sections(kiosk: Newsroom, reviewed: Program) -> None:
    """The story of two outlets first, with a link for each; the article of another day is not among them."""
    page = page_of(reviewed)
    sections = page.cssselect("section[data-story]")
    assert len(sections) == 3
    first = sections[0]
    links = {link.get("href") for link in first.cssselect("li a")}
    assert links == {kiosk.url("/a"), kiosk.url("/b")}
    headline = first.cssselect("h2 a")[0]
    assert headline.get("href") in links
    assert headline.text_content() in {"Rutte am Kai", "Rutte am Hafen"}
    assert all(len(section.cssselect("blockquote")) == 1 for section in sections)
    assert "gestern" not in page.text_content()


def test_excerpt_holds_the_hit_and_is_short(reviewed: Program) -> None:
    """The sentence that hit, marked, in at most 500 characters."""
    for quote in page_of(reviewed).cssselect("blockquote"):
        words = quote.text_content()
        assert 100 < len(words) <= 500
        assert "Das sagte Mark Rutte" in words or "Dies sagte Mark Rutte" in words
        assert [mark.text for mark in quote.cssselect("mark")] == ["Rutte"]


def test_full_text_is_never_shown(reviewed: Program) -> None:
    """Neither in HTML nor in Markdown is there more than the excerpts of an article."""
    exports = reviewed.command("corpus", "export").stdout
    opening = paragraphs(2, matching=True)[0][:60]
    assert opening in exports
    for form in ("html", "md"):
        assert opening not in reviewed.command("press-review", "--date", DAY, "--format", form).stdout


def test_reservations_are_named(reviewed: Program) -> None:
    """Robots directives of the header, text and data mining of the page, with its terms."""
    (section,) = [one for one in page_of(reviewed).cssselect("section") if "liest vor" in one.text_content()]
    notes = [note.text for note in section.cssselect(".note")]
    assert notes == ["robots: noarchive, nosnippet", "text and data mining reserved"]
    assert "https://blatt.example/tdm" in [link.get("href") for link in section.cssselect("li a")]


def test_page_runs_and_loads_nothing(reviewed: Program) -> None:
    """No script, no element that loads, no style but its own, which the policy names by its hash."""
    source = reviewed.command("press-review", "--date", DAY).stdout
    page = html.document_fromstring(source)
    assert page.cssselect("script, img, link, iframe, object, embed, form, [style], [onclick]") == []
    assert all((link.get("href") or "").startswith("http") for link in page.cssselect("a"))
    (policy,) = page.cssselect("meta[http-equiv=Content-Security-Policy]")
    assert (policy.get("content") or "").startswith("default-src 'none'; style-src 'sha256-")
    assert "@media print" in page.cssselect("style")[0].text_content()
    assert "\u202e" not in source
    assert "<script>alert(1)" not in source


def test_markdown_is_escaped(kiosk: Newsroom, reviewed: Program) -> None:
    """Title and link, the links of the outlets, one quotation; no markup of an article survives."""
    source = reviewed.command("press-review", "--date", DAY, "--format", "md").stdout
    lines = source.split("\n")
    assert lines[0] == f"# Press review {DAY}"
    assert len([line for line in lines if line.startswith("## [")]) == 3
    quotes = [line for line in lines if line.startswith("> ")]
    assert len(quotes) == 3
    assert all(len(line) <= 600 for line in quotes)
    assert f"({kiosk.url('/a')})" in source
    assert r"\<script\>alert(1)\</script\> \[x\](javascript:alert(1)) \*\*fett\*\*" in source


def test_watch_chooses_documents(reviewed: Program) -> None:
    """A watch without documents gives a page that says so; one that is not there is named."""
    empty = page_of(reviewed, "--watch", "Nichts")
    assert empty.cssselect("section") == []
    assert "No documents" in empty.text_content()
    assert len(page_of(reviewed, "--watch", "Rutte").cssselect("section")) == 3
    unknown = reviewed.command("press-review", "--watch", "Niemand")
    assert (unknown.code, unknown.stdout) == (1, "")
    assert "Niemand" in unknown.stderr


def test_day_without_documents_and_wrong_days(reviewed: Program) -> None:
    """Exit code 0 with a page that says so; 2 for what is not a day."""
    assert "No documents" in reviewed.command("press-review", "--date", "2001-01-01").stdout
    assert "No documents" in reviewed.command("press-review", "--date", "9999-12-31", "--format", "md").stdout
    for wrong in ("gestern", "2026-02-30", ""):
        refused = reviewed.command("press-review", "--date", wrong)
        assert (refused.code, refused.stdout) == (2, "")


def test_without_a_state_there_is_an_empty_page(program: Program) -> None:
    """With a word on standard error."""
    program.configure(feeds={})
    result = program.command("press-review")
    assert result.code == 0
    assert "No documents" in result.stdout
    assert str(program.state) in result.stderr


def test_undated_document_counts_on_the_day_of_fetching(news: Newsroom, program: Program) -> None:
    """The default is today."""
    entry = served(news, "/a", "Rutte ohne Datum", text(5), date="")
    program.configure(feeds={"Blatt": news.feed("/f", [entry])})
    program.once()
    shown = program.command("press-review", "--format", "md").stdout
    assert "Rutte ohne Datum" in shown
    assert not re.search(r"\(20\d\d", shown)


def test_page_that_robots_may_not_fetch_is_named(news: Newsroom, program: Program) -> None:
    """The document is made of the feed's text."""
    news.page("/robots.txt", "User-agent: *\nDisallow: /zu\n", content_type="text/plain")
    summary = "Mark Rutte kommt nach Emden, und mit ihm kommen viele Gäste in die Stadt am Wasser."
    entry = Entry(id="1", link="/zu", title="Gäste", summary=summary)
    program.configure(feeds={"Blatt": news.feed("/f", [entry])})
    program.once()
    assert "text from the feed" in program.command("press-review", "--format", "md").stdout


def test_span_is_reviewed_as_one(reviewed: Program) -> None:
    """Both days are included; without an end it is today. A day and a span, or an end alone, are wrong usage."""
    lines = reviewed.command("press-review", "--since", "2026-03-01", "--until", DAY, "--format", "md").stdout.split(
        "\n"
    )
    assert lines[0] == f"# Press review 2026-03-01 to {DAY}"
    assert len([line for line in lines if line.startswith("## [")]) == 4
    assert any("gestern" in line for line in lines)
    one = reviewed.command("press-review", "--since", "2026-03-01", "--until", "2026-03-01", "--format", "md").stdout
    assert one.startswith("# Press review 2026-03-01\n")
    assert one.count("\n## [") == 1
    assert reviewed.command("press-review", "--since", "2026-03-01", "--format", "md").stdout.count("\n## [") == 4
    empty = reviewed.command("press-review", "--since", "2025-03-01", "--until", "2025-03-07", "--format", "md")
    assert (empty.code, "No documents on these days" in empty.stdout) == (0, True)
    for options in (("--date", DAY, "--since", "7d"), ("--until", DAY), ("--since", "gestern")):
        wrong = reviewed.command("press-review", *options)
        assert (wrong.code, wrong.stdout) == (2, "")
        assert options[0] in wrong.stderr
