"""Lines and blocks of a page: the letters by which they are compared, and the share of link text in an element."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from lxml.html import fromstring

from watcher.articles.blocks import LinkShares, blocks, link_share
from watcher.articles.lines import letters_of

SIGNS = st.text(st.characters() | st.sampled_from("aZß9_-. \u00a0\u0301Éi\u0307İ²ﬁ„“"), max_size=40)
PAGE = (
    "<body> <div><p>Am <a>Hafen</a></p> Rand<ul><li><a>Erste <b>Meldung</b></a></li> <li><a>Zweite</a> hier</li></ul>"
    " danach<br>weiter</div><section><h2>Mehr</h2><p><a>Ein langer Verweis</a></p></section><p> </p></body>"
)


@given(SIGNS)
def test_the_letters_of_a_text_are_those_of_its_composed_form(text: str) -> None:
    """Letters and digits of all scripts, case folded; no mark, sign or space."""
    composed = unicodedata.normalize("NFC", text).casefold()
    assert letters_of(text) == "".join(character for character in composed if character.isalnum())


def test_blocks_are_the_visible_texts_in_order_with_their_elements() -> None:
    """Words of inline elements are joined, blocks and line breaks separate."""
    found = [(block.text, block.element.tag) for block in blocks(fromstring(PAGE))]
    assert found == [
        ("Am Hafen", "p"),
        ("Rand", "div"),
        ("Erste Meldung", "li"),
        ("Zweite hier", "li"),
        ("danach", "div"),
        ("weiter", "div"),
        ("Mehr", "h2"),
        ("Ein langer Verweis", "p"),
    ]


def test_shares_of_link_text_are_kept_up_to_date() -> None:
    """Computed in one walk, they are those of each element alone, also after an element was removed."""
    tree = fromstring(PAGE)
    shares = LinkShares(tree)
    assert [shares.of(each) for each in tree.iter()] == [link_share(each) for each in tree.iter()]
    for removed in (tree.find(".//ul"), tree.find(".//h2"), tree.find(".//section")):
        assert removed is not None
        shares.forget(removed)
        removed.drop_tree()
        assert [shares.of(each) for each in tree.iter()] == [link_share(each) for each in tree.iter()]
