"""`/press-review`: the stories of a day, to read, print or copy."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from watcher.alerts.webhook import snippet_json
from watcher.inquiry.press_review import PressReview, review_of, sections, to_markdown
from watcher.inquiry.press_review.review import ReviewedStory
from watcher.web.asked import Asked, View


def press_review(asked: Asked) -> View:
    """Shows the review of a day."""
    review = review_asked(asked)
    day = timedelta(days=1)
    values = {
        "review": review,
        "sections": [Markup(section) for section in sections(review)],  # noqa: S704 - escaped there
        "before": (review.day - day).isoformat(),
        "after": (review.day + day).isoformat(),
        "query": asked.parameters.linked(date=review.day.isoformat()),
    }
    return View(template="press_review.html", values=values, json=lambda: _plain(review))


def press_review_file(asked: Asked) -> bytes:
    """Returns the review of a day as Markdown."""
    return to_markdown(review_asked(asked)).encode("utf-8", "replace")


def review_asked(asked: Asked) -> PressReview:
    """Returns the review that the parameters ask for: of today, if they name no day."""
    day = asked.parameters.day("date") or asked.now.astimezone(asked.zone).date()
    watch = asked.parameters.text("watch") or None
    return review_of(asked.store, day, watch=watch, timezone=asked.config.corpus.timezone)


def _plain(review: PressReview) -> dict[str, object]:
    return {
        "date": review.day.isoformat(),
        "watch": review.watch,
        "stories": [_story(story) for story in review.stories],
        "left_out": review.left_out,
    }


def _story(story: ReviewedStory) -> dict[str, object]:
    return {
        "story": story.story,
        "excerpt": snippet_json(story.excerpt),
        "documents": [
            {
                "number": each.number,
                "title": each.title,
                "url": each.url,
                "outlet": each.outlet,
                "date": each.date,
                "notes": list(each.notes),
            }
            for each in story.articles
        ],
    }
