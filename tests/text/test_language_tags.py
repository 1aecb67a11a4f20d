"""Language tags: only their form counts."""

from __future__ import annotations

import pytest

from watcher.text.language_tags import is_language_tag


@pytest.mark.parametrize("tag", ["de", "de-AT", "zh-Hans-CN", "nds"])
def test_tags_are_accepted(tag: str) -> None:
    """With region and script."""
    assert is_language_tag(tag)


@pytest.mark.parametrize("text", ["", "d", "de_AT", "de-", "deutsch und englisch", 'de" onload="x', "de\n", "dé"])
def test_other_texts_are_refused(text: str) -> None:
    """They would end an attribute, or break the schema of TEI."""
    assert not is_language_tag(text)
