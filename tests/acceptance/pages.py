"""News pages for acceptance tests: an article between a menu, teasers and a footer that all name the watched terms."""

from __future__ import annotations

import itertools
import random
from html import escape

from tests.newsroom import Newsroom
from watcher.model import Entry

# Every page carries the watched terms outside of its article: they must never make a match.
_MENU = "".join(
    f'<li><a href="/ressort/{name}">{name}</a></li>' for name in ("Politik", "Wirtschaft", "Sport", "Kultur")
)
_TEASERS = "".join(
    f'<div class="teaser-box"><a href="/anderes/{number}"><h3>{title}</h3></a></div>'
    for number, title in enumerate(("Rutte im Porträt", "Was die Purl-Initiative kostet", "Rezepte für den Herbst"))
)
_COUNTER = itertools.count(1)

_NOUNS = (
    *("Bäcker", "Lotse", "Gärtner", "Richter", "Förster", "Kapitän", "Drucker", "Imker", "Müller", "Schäfer", "Weber"),
    *("Tischler", "Maurer", "Winzer", "Glaser", "Bahnhof", "Hafen", "Kanal", "Brunnen", "Turm", "Garten", "Keller"),
    *("Speicher", "Markt", "Acker", "Deich", "Tunnel", "Kran", "Ofen", "Wagen"),
)
_VERBS = (
    *(
        "prüft",
        "lobt",
        "meidet",
        "zeichnet",
        "vermisst",
        "baut",
        "öffnet",
        "kennt",
        "sucht",
        "zeigt",
        "teilt",
        "pflegt",
    ),
    *("mietet", "räumt", "hebt", "streicht", "findet", "schließt", "erwartet", "verlässt"),
)
_ADJECTIVES = (
    *("alte", "neue", "stille", "kleine", "breite", "graue", "kühle", "helle", "dunkle", "rote", "schmale", "junge"),
    *("leere", "volle", "flache", "runde", "ferne", "späte", "milde"),
)
_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


def paragraphs(number: int, *, matching: bool) -> list[str]:
    """Three paragraphs that no other number has, not even nearly; `matching`: Mark Rutte is in the second."""
    dice = random.Random(number)

    def sentence() -> str:
        first, second = dice.sample(_NOUNS, 2)
        return (
            f"Der {dice.choice(_ADJECTIVES)} {first} {dice.choice(_VERBS)} am {dice.choice(_DAYS)} "
            f"den {dice.choice(_ADJECTIVES)}n {second} Nummer {dice.randrange(10, 9999)}."
        )

    written = [" ".join(sentence() for _ in range(4)) for _ in range(3)]
    if matching:
        written[1] += f" Das sagte Mark Rutte dem {dice.choice(_NOUNS)} {number}."
    return written


def news_page(title: str, inner: str, *, date: str = "", head: str = "") -> str:
    """A whole page. `inner` is the article's HTML; `date` stands as HTML below the headline."""
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head><body>'
        f"<header><nav><ul>{_MENU}</ul></nav></header><main><article><h1>{escape(title)}</h1>{date}{inner}</article></main>"
        f'<aside class="related"><h2>Das könnte Sie auch interessieren</h2>{_TEASERS}</aside>'
        '<footer><ul><li><a href="/impressum">Impressum</a></li><li><a href="/themen/rutte">Thema: Rutte</a></li></ul>'
        "<p>Alle Rechte vorbehalten.</p></footer></body></html>"
    )


def article(news: Newsroom, *, matching: bool, date: str = "", head: str = "", **entry: str) -> Entry:
    """Serve a page with a text of its own and return the entry that leads to it; `entry` overrides its fields."""
    number = next(_COUNTER)
    title = entry.get("title", f"Meldung {number} aus der Stadt")
    inner = "".join(f"<p>{part}</p>" for part in paragraphs(number, matching=matching))
    path = entry.get("link", f"/artikel/{number}.html")
    news.page(path, news_page(title, inner, date=date, head=head))
    return Entry(
        id=entry.get("id", f"kennung-{number}"),
        link=path,
        title=title,
        summary=entry.get("summary", "Mehr im Artikel."),
    )
