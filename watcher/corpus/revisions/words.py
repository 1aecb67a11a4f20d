"""The words of a paragraph: numbers, names and quotations are recognised, punctuation and date lines are left out.

German writes every noun with a capital: a name is a word beside another capital one ("Mark Rutte", "Kanzler Scholz"),
an abbreviation, the first word of a sentence without an article, or a word behind a preposition of place. These rules
label changes for readers; nothing is left out because of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
# A minus belongs to a number that no word precedes; separators belong to it between digits.
_WORD = re.compile(r"(?:(?<![\w.,])[-\u2212])?\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\w+")
_OPENING, _CLOSING = '„“»«‚‹›"”', '“”»«‘‹›"’'
_PAIRS = {"„": '“”"', "“": "”", "»": "«", "«": "»", "‚": "‘’", "›": "‹", "‹": "›", '"': '"', "”": "”"}
_LONGEST_QUOTE = 2_000  # characters: a quotation mark without its twin does not quote the rest of the article
_MARKS = re.compile("[" + re.escape("".join(dict.fromkeys(_OPENING + _CLOSING))) + "]")
_STOP = re.compile(r"[.!?:…]\W*$")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBER_WORDS = _set(
    "null zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn zwanzig dreißig vierzig fünfzig sechzig "
    "siebzig achtzig neunzig hundert tausend million millionen milliarde milliarden billion billionen dutzend mio mrd "
    "tsd hunderte tausende beide erste zweite dritte vierte fünfte halb doppelt "
    "zero two three four five six seven eight nine ten eleven twelve hundred thousand millions billions trillion "
    "dozen first second third fourth fifth half twice"
)
_NOT_NAMES = _set(
    # articles, pronouns, conjunctions and prepositions at the beginning of a sentence
    "der die das den dem des ein eine einen einem einer eines kein keine er sie es wir ihr ich man dies diese dieser "
    "dieses jene jeder jede jedes alle viele einige mehrere manche nur auch aber und oder doch denn weil wenn als wie "
    "wo wer was warum nach vor in im an am auf aus bei beim mit von vom zu zum zur für gegen ohne um über unter seit "
    "bis während trotz wegen laut so dann da damit dabei dafür hier dort heute gestern morgen jetzt nun noch schon "
    "zwar zudem außerdem jedoch allerdings deshalb nicht nichts mehr weniger "
    "the a an this that these those she it we they i you her its our their and or but if when while after "
    "before in on at by for with from to of about over under as so then there here today yesterday now not no more "
    # nouns that often precede or follow another noun
    "euro euros dollar dollars prozent cent franken pfund kilo kilogramm gramm tonnen tonne liter meter kilometer "
    "quadratmeter grad uhr stunden stunde minuten minute sekunden tage tagen tag wochen woche monate monat jahre "
    "jahren jahr menschen personen anfang mitte ende million millionen milliarde milliarden billion billionen hälfte "
    "januar februar märz april mai juni juli august september oktober november dezember montag dienstag mittwoch "
    "donnerstag freitag samstag sonnabend sonntag percent pounds january february march june july october december "
    "monday tuesday wednesday thursday friday saturday sunday people years days hours minutes"
)
_OF_PLACE = _set("in nach aus bei from to at near")

_DATE_LABELS = _set(
    "stand aktualisiert aktualisierung update updated veröffentlicht erschienen geändert bearbeitet zuletzt "
    "letzte letztes letzter änderung am um vom von vor seit bis uhr published modified posted edited last on at "
    "ago minuten minute minutes stunden stunde hours hour tag tagen tage days day wochen weeks min std gestern "
    "heute yesterday today lesezeit mez mesz cet cest gmt utc"
)
_LONGEST_DATE_LINE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a paragraph at `start:end`. `is_number` covers number words; `quoted`: between quotation marks."""

    text: str
    start: int
    end: int
    is_number: bool = False
    is_name: bool = False
    quoted: bool = False


def substance(paragraph: str) -> tuple[str, ...]:
    """Returns the words of a paragraph as written, without punctuation; () for a date line."""
    if is_date_line(paragraph):
        return ()
    return tuple(_WORD.findall(_INVISIBLE.sub("", paragraph)))


@lru_cache(maxsize=4_096)
def is_date_line(paragraph: str) -> bool:
    """Whether a paragraph consists of a date, a time, or both, with the words that introduce them."""
    if len(paragraph) > _LONGEST_DATE_LINE or not any(map(str.isdigit, paragraph)):
        return False
    from watcher.text.dates import without_dates  # its patterns take 27 ms, which a start without revisions saves

    rest = _WORD.findall(without_dates(paragraph).casefold())
    return all(word in _DATE_LABELS or word.isdigit() for word in rest)


def words_of(paragraph: str) -> list[Word]:
    """Returns the words of a paragraph with what they are."""
    found = [(each[0], each.start(), each.end()) for each in _WORD.finditer(paragraph)]
    quotes = _quotations(paragraph)
    names = _names([text for text, _, _ in found], [_begins(paragraph, start) for _, start, _ in found])
    at, words = 0, []
    for number, (text, start, end) in enumerate(found):
        while at < len(quotes) and quotes[at][1] <= start:
            at += 1
        words.append(
            Word(
                text=text,
                start=start,
                end=end,
                is_number=any(map(str.isdigit, text)) or text.casefold() in _NUMBER_WORDS,
                is_name=number in names,
                quoted=at < len(quotes) and quotes[at][0] <= start,
            )
        )
    return words


def _begins(paragraph: str, start: int) -> bool:
    """Whether a word begins the paragraph or a sentence."""
    return not paragraph[:start].strip() if start < 4 else bool(_STOP.search(paragraph[start - 4 : start]))


def _names(words: Sequence[str], begins: Sequence[bool]) -> set[int]:
    """Returns the positions of the words that are names, as far as their letters and neighbours show."""
    capital = [_may_be_name(word) for word in words]
    found = set()
    for at, word in enumerate(words):
        if not capital[at]:
            continue
        beside = (at > 0 and capital[at - 1] and not begins[at]) or (
            at + 1 < len(words) and capital[at + 1] and not begins[at + 1]
        )
        behind_place = at > 0 and words[at - 1].casefold() in _OF_PLACE
        if begins[at] or beside or behind_place or word.isupper():  # an abbreviation
            found.add(at)
    return found


def _may_be_name(word: str) -> bool:
    folded = word.casefold()
    return word[0].isupper() and len(word) > 1 and folded not in _NOT_NAMES and folded not in _NUMBER_WORDS


def _quotations(paragraph: str) -> list[tuple[int, int]]:
    """Finds the spans between quotation marks, in order, none inside another."""
    found: list[tuple[int, int]] = []
    opened, closers = -1, ""
    for mark in _MARKS.finditer(paragraph):
        if opened >= 0 and mark.start() - opened > _LONGEST_QUOTE:
            opened = -1
        if opened < 0:
            if mark[0] in _PAIRS and not _follows_letter(paragraph, mark.start()):
                opened, closers = mark.start(), _PAIRS[mark[0]]
        elif mark[0] in closers:
            found.append((opened, mark.end()))
            opened = -1
    return found


def _follows_letter(paragraph: str, at: int) -> bool:
    return at > 0 and paragraph[at - 1].isalnum()
