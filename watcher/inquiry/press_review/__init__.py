"""The press review of a day or span: excerpts and links, grouped by story, as a value, as HTML and as Markdown."""

from watcher.inquiry.press_review.html import sections, to_html
from watcher.inquiry.press_review.markdown import to_markdown
from watcher.inquiry.press_review.review import PressReview, review_of

__all__ = ["PressReview", "review_of", "sections", "to_html", "to_markdown"]
