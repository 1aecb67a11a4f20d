"""Ways to write a term in HTML so that a browser shows it, in any way that markup allows."""

from __future__ import annotations

from hypothesis import strategies as st

TERMS = ("Purl-Initiative", "Rutte", "Straße", "Große Koalition", "Müller", "Nord Stream 2", "Übergangsgeld")

# What may stand between two letters of a word so that a browser still shows one word.
WITHIN = (
    *("", "", "", "<b></b>", "<!-- x -->", "&shy;", "\u00ad", "\u200b", "&#8203;", "</i><i>", "<wbr>", "\ufeff"),
    *(
        "<script>let a = 1 < 2</script>",
        "<style>i{}</style>",
        "<template>x</template>",
        "<iframe>keine Rahmen</iframe>",
    ),
    *("<!-- > -->", "<span class='x' hidden></span>", "&zwnj;", "\u2060", "<img src='a.png'>", "<a id='x'></a>"),
)
# What may stand where a term has a space or a hyphen.
BETWEEN = ("-", " ", "\u00a0", "&nbsp;", "\n", "\u2011", "\u2010", "&#8209;", "</i> <i>", "&#32;", "\u2013")


@st.composite
def shown(draw: st.DrawFn) -> tuple[str, str]:
    """A term, and HTML that shows it split and written in any way."""
    term = draw(st.sampled_from(TERMS))
    written = draw(st.sampled_from([term, term.upper(), term.lower(), term.replace("ß", "ss")]))
    pieces = []
    for letter in written:
        if letter in " -":
            pieces.append(draw(st.sampled_from(BETWEEN)))
        else:
            pieces.append(draw(st.sampled_from([letter, f"&#{ord(letter)};", f"<em>{letter}</em>"])))
            pieces.append(draw(st.sampled_from(WITHIN)))
    ending = draw(st.sampled_from(["", "s", "-Besuch", "’s", ".", ","]))
    return term, f"<i>{''.join(pieces)}</i>{ending}"
