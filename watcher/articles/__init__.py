"""Turns page bytes into articles: decoding, candidates for the body, dates with precision, the quality gate. Pure."""

from watcher.articles.extract import (
    article_of_entry,
    article_of_visible,
    better_of,
    body_candidates,
    determine_language,
    extract_article,
    publication_date,
)
from watcher.articles.modified import modification_date
from watcher.articles.near_misses import NearMisses, near_misses
from watcher.articles.page_summary import PageSummary, summarise_page
from watcher.articles.prefilter import JOINT, Prefilter
from watcher.articles.quality import holds_sentence, paragraph_hashes, repeated_share, without_repeated
from watcher.articles.rights import declared_rights

__all__ = [
    "JOINT",
    "NearMisses",
    "PageSummary",
    "Prefilter",
    "article_of_entry",
    "article_of_visible",
    "better_of",
    "body_candidates",
    "declared_rights",
    "determine_language",
    "extract_article",
    "holds_sentence",
    "modification_date",
    "near_misses",
    "paragraph_hashes",
    "publication_date",
    "repeated_share",
    "summarise_page",
    "without_repeated",
]
