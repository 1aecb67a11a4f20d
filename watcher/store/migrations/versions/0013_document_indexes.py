"""Indexes for lists and searches of documents.

Revision: 0013
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("document_urls_by_url", "document_urls", ["url"])
    listed = ["number", "date", "feed", "site", "published_at", "fetched_at", "recorded_at"]
    op.create_index("documents_listed", "documents", listed)
