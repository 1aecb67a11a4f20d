"""Rules that remove single lines of a body. Each has a name, states its evidence, and never acts on a part of a line.

A phrase rule matches the whole line, from its first to its last character. The words of a phrase alone are not evidence
where names or headlines may follow: then the page itself must show that the rest is a link. A sentence is never removed
for a phrase in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from watcher.articles.blocks import Block
from watcher.articles.lines import key_of, letters_of
from watcher.model import Removed

_HEAD_LINES = 6
_TAIL_LINES = 8
_LONGEST = 180
_LONGEST_POINTER = 240
_LEAST_REPEATED = 60
_WORD_START = re.compile(r"\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseRule:
    """A closed form of whole lines, read without case, list mark and outer punctuation.

    `head`, `tail`: how many of the first or last lines it may remove; both 0: any line.
    """

    name: str
    evidence: str
    form: re.Pattern[str]
    head: int = 0
    tail: int = 0

    def removes(self, line: str, index: int, lines: int) -> bool:
        """Returns whether the rule removes the line at this index of so many."""
        anywhere = not self.head and not self.tail
        at_end = self.tail > 0 and index >= max(1, lines - self.tail)
        return (anywhere or index < self.head or at_end) and self.form.fullmatch(_trimmed(line)) is not None


def _form(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.IGNORECASE)


_POINTER_LABELS = (
    r"(?:lesen|hören|sehen|schauen) sie (?:auch|dazu|mehr|weiter|hierzu|hier(?: (?:mehr|weiter))?)",
    r"lies auch|auch interessant|auch lesenswert|siehe auch|passend dazu",
    r"mehr (?:zum (?:thema|artikel)|dazu|lesen|artikel|nachrichten|von uns)|zum thema|mehr aus (?:diesem|dem) ressort",
    r"weitere (?:artikel|themen|nachrichten|meldungen|beiträge)(?: (?:zum thema|zu diesem thema|aus diesem ressort))?",
    r"das könnte (?:sie|dich) auch interessieren|ähnliche (?:artikel|beiträge|themen)|verwandte (?:artikel|themen)",
    r"empfohlener (?:artikel|inhalt|externer inhalt|redaktioneller inhalt)",
    r"(?:also )?read (?:more|also|next|this next|the full (?:story|article))|also read|see also|don't miss",
    r"you (?:may|might) also (?:like|be interested in)|keep reading|what to read next|more like this",
    r"related (?:articles?|stor(?:y|ies)|content|topics?|coverage|posts?|links?)",
    r"recommended (?:reading|stories)",
    r"more (?:on this(?: story)?|stories|to read|from us)",
    r"(?:à )?lire aussi|leer más|lea también|te puede interesar|leggi anche|leia (?:mais|também)|saiba mais",
    r"lees ook|les også|læs også|läs (?:också|även|mer)|czytaj (?:też|także|więcej)|zobacz (?:też|także)",
    r"baca juga|читайте (?:также|також|ще)|ilgili haber(?:ler)?",
)
_POINTER = _form(*_POINTER_LABELS)
_POINTER_TO_LINK = re.compile(
    f"((?:{'|'.join(_POINTER_LABELS)}|more|watch|related|weiterlesen|lesetipps?|newsletter)\\s*[:|»>–—-]\\s*)(\\S.*)",
    re.IGNORECASE,
)

_NETWORKS = (
    r"(?:twitter|x|facebook|instagram|threads|bluesky|mastodon|linkedin|xing|whatsapp|telegram|tiktok|youtube|"
    r"social media)"
)
_ON_NETWORKS = rf"(?: (?:auf|bei|via|on)(?:(?:,| und| oder| and| or|,? &)? {_NETWORKS})+)"
_AGENCIES = (
    r"(?:dpa(?:[-/]\w+)?|afp|reuters|ap|epd|kna|sid|apa|ots|imago(?: images)?|getty(?: images)?|picture[ -]alliance|"
    r"shutterstock|istock|adobe ?stock|unsplash|pixabay|pexels|ddp|keystone|zdf|ard|ndr|wdr|mdr|swr|br|hr|rbb|"
    r"wikimedia commons|archiv|privat)"
)
_PERSON = r"[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){0,3}"
_BYLINE_WORD = re.compile(
    r"^(?:von|by|text|autor(?:in)?|author|written by|par|por|di|door|av|af)\b\s*:?", re.IGNORECASE
)
_YEAR = r"(?:19|20)\d\d"
_MINUTES = r"\d{1,3} ?(?:min|minuten?|minutes?|minutos?|minuti)\.?"

PHRASE_RULES = (
    PhraseRule(
        name="pointer",
        evidence="the line is the label of a list of other articles and nothing else",
        form=_POINTER,
    ),
    PhraseRule(
        name="credit",
        evidence="the line consists of a label for pictures or sources, at most one name, and agencies",
        form=_form(
            rf"(?:fotos?|bild(?:er|quelle|nachweis)?|photos?|images?|pictures?|credits?|quellen?|grafik|video)\s?[:/]\s?"
            rf"(?:{_PERSON} ?(?:/|,|via) ?)?{_AGENCIES}(?: ?[/,] ?{_AGENCIES})*"
        ),
    ),
    PhraseRule(
        name="reading time",
        evidence="the line states a reading time and nothing else, above the text",
        form=_form(
            rf"(?:lesezeit|reading time|tempo de leitura|temps de lecture|tiempo de lectura)\s?:?\s?(?:ca\.?|etwa)?"
            rf"\s?{_MINUTES}",
            rf"{_MINUTES} (?:lesezeit|read(?:ing time)?|de lecture|de lectura|di lettura|de leitura)",
        ),
        head=_HEAD_LINES,
    ),
    PhraseRule(
        name="copyright notice",
        evidence="the line is a copyright sign or label with a holder or a year, below the text",
        form=_form(
            rf"(?:©|\(c\)|copyright ?[©:]?) ?(?:by )?{_YEAR}(?: ?[-–] ?{_YEAR})?(?:,? (?:by )?{_PERSON})?",
            rf"(?:©|\(c\)|copyright ?[©:]) ?(?:by )?{_PERSON},? {_YEAR}",
            r"© ?dpa-infocom, dpa:[\d-]+/\d+(?: \(dpa\))?",
            r"(?:© ?[\w .,-]{0,40})?(?:alle rechte vorbehalten|all rights reserved)",
        ),
        tail=_TAIL_LINES,
    ),
    PhraseRule(
        name="invitation",
        evidence="the line invites to follow, share, subscribe or comment and says nothing else, below the text",
        form=_form(
            rf"(?:jetzt )?(?:folgen sie|folge|folgt) (?:uns|mir)(?: (?:auch|jetzt))?{_ON_NETWORKS}?",
            rf"follow (?:us|me){_ON_NETWORKS}?",
            r"(?:artikel|beitrag) teilen|jetzt teilen|share this (?:article|story|post)",
            r"(?:zur |zum )?newsletter[- ](?:anmeldung|abonnieren|anmelden|bestellen)",
            r"(?:jetzt )?(?:unseren |den )?(?:kostenlosen )?newsletter (?:abonnieren|bestellen)|rss-feed abonnieren",
            r"(?:jetzt )?(?:für|zu) (?:den|unseren|unserem) (?:kostenlosen )?newsletter anmelden",
            r"(?:click here to )?(?:subscribe|sign up) (?:to|for) (?:our|the) (?:free |daily |weekly )?newsletter",
            r"\(?\d+\)? (?:kommentare?|comments?)|(?:kommentare?|comments?) \(?\d+\)?",
            r"(?:leave|post|write|add) a comment",
            r"kommentar (?:abgeben|schreiben|verfassen)|diskutieren sie mit",
            r"ihre meinung ist uns wichtig|for more stories like this, check our news page",
        ),
        tail=_TAIL_LINES,
    ),
)


def clean_lines(
    lines: Sequence[str], *, known: Set[str], author: str, page_blocks: Sequence[Block]
) -> tuple[list[str], tuple[Removed, ...]]:
    """Splits lines into those of the article and those that a rule removes.

    Removed are the headline above the text, the stated author's byline, repetitions of a long line, pointers to other
    articles, and lines that a phrase rule matches. `known`: the letters of the headline in every form that the document
    already holds.
    """
    kept: list[str] = []
    removed: list[Removed] = []
    seen: set[str] = set()
    for index, line in enumerate(lines):
        rule = _fact_rule(line, index, known, author) or phrase_rule(line, index, len(lines))
        if not rule and line in seen:
            rule = "repetition"
        if not rule and is_linked_pointer(line, page_blocks):
            rule = "linked pointer"
        if rule:
            removed.append(Removed(rule=rule, text=line))
        else:
            kept.append(line)
        if len(line) >= _LEAST_REPEATED:
            seen.add(line)
    return kept, tuple(removed)


def _fact_rule(line: str, index: int, known: Set[str], author: str) -> str:
    """Returns the rule that removes a line above the text which only repeats a fact of the document."""
    if index >= _HEAD_LINES:
        return ""
    if letters_of(line) in known:
        return "headline"
    return "byline" if is_byline(line, author) else ""


def phrase_rule(line: str, index: int, lines: int) -> str:
    """Returns the name of the phrase rule that removes the line at this index of so many, "" if none does."""
    if len(line) > _LONGEST:
        return ""
    return next((rule.name for rule in PHRASE_RULES if rule.removes(line, index, lines)), "")


def is_linked_pointer(line: str, page_blocks: Sequence[Block]) -> bool:
    """Returns whether the line is a label ("Lesen Sie auch:") and behind it nothing but a link of the page."""
    match = _POINTER_TO_LINK.fullmatch(_trimmed(line)) if len(line) <= _LONGEST_POINTER else None
    if match is None:
        return False
    return not {letters_of(match[2]), letters_of(match[0])}.isdisjoint(_link_letters(line, page_blocks))


def _link_letters(line: str, page_blocks: Sequence[Block]) -> frozenset[str]:
    """Returns the letters of each link in the blocks of the page that show this line."""
    key = key_of(line.removeprefix("- "))
    elements = (block.element for block in page_blocks if block.key == key)
    links = (link for element in elements for link in (*element.iter("a"), *element.iterancestors("a")))
    return frozenset(letters_of("".join(link.itertext())) for link in links) - {""}


def is_byline(line: str, author: str) -> bool:
    """Returns whether the line is the author that the page states, with at most a word such as "von" before."""
    name = letters_of(author)
    return bool(name) and letters_of(_BYLINE_WORD.sub("", _trimmed(line))) == name


def _trimmed(line: str) -> str:
    """Returns a line without list mark, brackets around it and punctuation at its ends."""
    line = line.removeprefix("- ").strip()
    start = _WORD_START.search(line)
    if start is None:
        return line
    opening = line[: start.start()]
    kept = opening[opening.find("©") :] if "©" in opening else "(" if opening.endswith("(") else ""
    return kept + line[start.start() :].rstrip(" .!?:…»>→|]")
