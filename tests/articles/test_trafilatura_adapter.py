"""The adapter's assumptions about trafilatura that the library does not promise."""

from __future__ import annotations

import pytest
from lxml.html import document_fromstring, tostring
from trafilatura import external

from watcher.articles.trafilatura_adapter import Mode, extract_text, readability_html

SENTENCE = "Die Bergbahn im Oberen Tal fährt seit Montag wieder, und die Gäste kommen in großer Zahl aus der Stadt."
PARAGRAPHS = "".join(f"<p>{number}. {SENTENCE} {SENTENCE} {SENTENCE}</p>" for number in range(8))
PAGE = f"<html><body><div class='text'>{PARAGRAPHS}</div></body></html>"


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_extracts_the_text_and_leaves_the_tree_unchanged(mode: Mode) -> None:
    """The tree is shared by all readers: trafilatura removes menus, comments and scripts from a copy."""
    removed = "<nav><a href='/'>Start</a></nav><script>1</script><div id='comments'><p>Ein Kommentar.</p></div>"
    tree = document_fromstring(PAGE.replace("</body>", f"{removed}<ul><li>Ein Punkt</li></ul></body>"))
    before = tostring(tree)
    assert f"7. {SENTENCE}" in extract_text(tree, mode)
    assert tostring(tree) == before


def test_readability_returns_the_main_element() -> None:
    """trafilatura's own copy of readability has the interface of the original."""
    assert f"7. {SENTENCE}" in readability_html(document_fromstring(PAGE))


def test_trafilatura_takes_its_stop_words_from_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """justext runs with the ten languages of the adapter; the loader of all languages is not called."""
    extract_text(document_fromstring(PAGE), Mode.FAST)

    def load_all() -> None:
        raise AssertionError("trafilatura loads the stop words of all languages")

    monkeypatch.setattr(external, "jt_stoplist_init", load_all)
    body = external.try_justext(document_fromstring(PAGE), None, None)
    assert SENTENCE in " ".join(body.itertext())
    assert 5_000 < len(vars(external)["JT_STOPLIST"]) < 50_000
