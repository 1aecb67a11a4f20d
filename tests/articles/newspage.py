"""A news page around a given text, as outlets build them: menus, teasers and footer around it. Own fixture words."""

from __future__ import annotations

from html import escape

_MENU = "".join(
    f'<li><a href="/{word.lower()}">{word}</a></li>' for word in ("Politik", "Wirtschaft", "Sport", "Kultur")
)
_TEASERS = "".join(
    f'<article class="teaser"><a href="/a{number}"><h3>{title}</h3><p>{text}</p></a></article>'
    for number, (title, text) in enumerate(
        (
            (
                "Brücke bleibt bis zum Herbst gesperrt",
                "Die Bauarbeiten dauern länger als gedacht, teilte die Stadt mit.",
            ),
            ("Neue Linie verbindet zwei Täler", "Der erste Zug fährt schon im Frühjahr, sagt die Betreiberin."),
            ("Verein sucht Helfer für das Sommerfest", "Wer mitmachen will, meldet sich bis Ende der Woche."),
        )
    )
)
_FOOTER = "<footer><p>© Der Talbote. Alle Rechte vorbehalten.</p><a href='/impressum'>Impressum</a></footer>"


def news_page(*, headline: str, blocks: list[str], date: str = "", head: str = "", language: str = "de") -> bytes:
    """UTF-8 HTML of a whole page; `blocks` are HTML blocks of the body, `date` goes into a meta tag if given."""
    dated = f'<meta property="article:published_time" content="{date}">' if date else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(headline)} | Der Talbote</title>"
        f'<meta property="og:site_name" content="Der Talbote">{dated}{head}</head><body>'
        f'<header><a href="/">Der Talbote</a><nav><ul>{_MENU}</ul></nav></header>'
        f'<main><article><h1>{escape(headline)}</h1><div class="article-body">{"".join(blocks)}</div></article></main>'
        f'<aside class="related"><h2>Mehr zum Thema</h2>{_TEASERS}</aside>{_FOOTER}</body></html>'
    ).encode()


def paragraphs(*texts: str) -> list[str]:
    """Each text as a `<p>`."""
    return [f"<p>{escape(text, quote=False)}</p>" for text in texts]
