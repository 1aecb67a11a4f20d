"""Writes a press review as a page of HTML: no script, nothing to load, one style that also serves the printer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from watcher.inquiry.press_review.review import PressReview, ReviewedArticle, ReviewedStory
from watcher.model import Snippet
from watcher.text.language_tags import is_language_tag

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.25rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; }
.note { font-size: 0.85rem; border: 1px solid; border-radius: 0.25rem; padding: 0 0.3rem; }
blockquote { margin: 0.5rem 0 0; padding-left: 0.75rem; border-left: 3px solid; overflow-wrap: anywhere; }
mark { background: none; color: inherit; font-weight: bold; }
@media print {
  @page { margin: 2cm; }
  body { font: 10.5pt/1.4 serif; max-width: none; margin: 0; padding: 0; }
  section { break-inside: avoid; }
  h1, h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  h2 a[href]::after { content: " <" attr(href) ">"; font-size: 8pt; font-weight: normal; }
}
"""
_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""The content security policy of the page: only its own style."""


def to_html(review: PressReview) -> str:
    """Returns the whole page. All that comes from articles is escaped."""
    title = escape(title_of(review))
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex, noarchive">\n',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        *sections(review),
        *(f"<p>{escape(line)}</p>\n" for line in remarks(review)),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def sections(review: PressReview) -> Iterator[str]:
    """Yields the stories, each a section of HTML. All that comes from articles is escaped."""
    yield from (_section(story) for story in review.stories)


def title_of(review: PressReview) -> str:
    """Returns the title of the page."""
    days = review.day.isoformat() + (f" to {review.until.isoformat()}" if review.until else "")
    return f"Press review {days}" + (f": {review.watch}" if review.watch else "")


def remarks(review: PressReview) -> Iterator[str]:
    """Yields the sentences about the review itself."""
    days = "these days" if review.until else "this day"
    if not review.stories:
        yield f"No documents on {days}."
    if review.left_out:
        yield f"{review.left_out} further documents of {days} are left out."


def _section(story: ReviewedStory) -> str:
    first = story.articles[0]
    language = f' lang="{first.language}"' if is_language_tag(first.language) else ""
    outlets = "".join(f"<li>{_outlet(article, first)}</li>\n" for article in story.articles)
    return (
        f'<section data-story="{story.story}"{language}>\n<h2>{_linked(first.title, first.url)}</h2>\n'
        f"<ul>\n{outlets}</ul>\n<blockquote>{_excerpt(story.excerpt)}</blockquote>\n</section>\n"
    )


def _outlet(article: ReviewedArticle, first: ReviewedArticle) -> str:
    parts = [_linked(article.outlet, article.url)]
    if article.title != first.title:
        parts.append(f"<bdi>{escape(article.title)}</bdi>")
    if article.date:
        parts.append(f'<time datetime="{article.date.isoformat()}">{article.date.isoformat()}</time>')
    notes = "".join(f' <span class="note">{escape(note)}</span>' for note in article.notes)
    if terms := article.rights.tdm_policy:
        notes += f" {_linked('terms', terms)}"
    return " · ".join(parts) + notes


def _linked(text: str, url: str) -> str:
    content = f"<bdi>{escape(text)}</bdi>"
    return f'<a href="{escape(url)}" rel="noreferrer">{content}</a>' if url else content


def _excerpt(snippet: Snippet) -> str:
    runs = "".join(f"<mark>{escape(text)}</mark>" if hit else escape(text) for text, hit in snippet.runs)
    return ("…" if snippet.cut_before else "") + runs + ("…" if snippet.cut_after else "")
