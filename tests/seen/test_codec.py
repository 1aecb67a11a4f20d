"""A serialised text can be searched for letters before it is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.seen.texts import text
from watcher.model import Article
from watcher.seen.codec import UnreadableText, dump_text, load_text, unescaped
from watcher.text.ascii_fold import bare_letters

written = st.text(st.sampled_from('an\\"/\n\t\x00\u00ad\ud800ß–東') | st.characters(), max_size=20)


@given(title=written, body=written, feed_text=written, author=written)
@example(title="", body="Rut-\nte", feed_text="", author="")
@example(title="C:\\neu", body="\\", feed_text='\\"', author="\\\\n")
@example(title="", body="\x07a", feed_text="", author="")
def test_the_letters_of_every_field_are_in_their_order(title: str, body: str, feed_text: str, author: str) -> None:
    """Escapes of JSON add no letters to a text."""
    article = Article(title=title, body=body, author=author, hosts=("www.blatt.example", "blatt.example"))
    data = dump_text(replace(text(), article=article, feed_text=feed_text))
    letters = bare_letters(unescaped(data))
    wanted = [bare_letters(each) for each in (article.text, feed_text, author, *article.hosts)]
    assert load_text(data)[2].body == body
    assert letters is None or all(each is None or each in letters for each in wanted)


@pytest.mark.parametrize("data", [b"\xff\xfe", b'"\\', b'["\\t', b"7\\"])
def test_bytes_that_are_no_text_are_unreadable(data: bytes) -> None:
    """With escapes and without."""
    with pytest.raises(UnreadableText):
        unescaped(data)
