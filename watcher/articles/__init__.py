"""Page bytes -> article: decoding, candidates for the body, dates with precision, the quality gate. Pure."""

from watcher.articles.consensus import Effort
from watcher.articles.extract import article_of_entry, better_of, extract_article
from watcher.articles.quality import paragraph_hashes
from watcher.articles.screen import JOINT, Screen, screened_text

__all__ = [
    "JOINT",
    "Effort",
    "Screen",
    "article_of_entry",
    "better_of",
    "extract_article",
    "paragraph_hashes",
    "screened_text",
]
