"""Page bytes -> article: decoding, candidates for the body, dates with precision, the quality gate. Pure."""

from watcher.articles.consensus import Effort
from watcher.articles.extract import article_of_entry, better_of, body_candidates, extract_article
from watcher.articles.glance import Glance, glance
from watcher.articles.quality import SHELL_LETTERS, paragraph_hashes, repeated_share, without_repeated
from watcher.articles.screen import JOINT, Screen, screened_text

__all__ = [
    "JOINT",
    "SHELL_LETTERS",
    "Effort",
    "Glance",
    "Screen",
    "article_of_entry",
    "better_of",
    "body_candidates",
    "extract_article",
    "glance",
    "paragraph_hashes",
    "repeated_share",
    "screened_text",
    "without_repeated",
]
