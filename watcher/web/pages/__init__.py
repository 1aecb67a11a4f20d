"""One module for each page: it reads the parameters, asks `inquiry`, and returns a view. No HTTP, no HTML.

matches.py: `/` · document.py: `/documents/N` · search.py · watches.py: also `/watches/try` · timeline.py · feeds.py:
also `/feeds/NAME` · outbox.py · status.py · press_review.py · actions.py: what the buttons do
"""
