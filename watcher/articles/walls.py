"""Evidence of form that a page is a wall: buttons, dialogs, notices as whole titles or lines, requests to the reader.

A text that merely mentions consent, errors or offers has none of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import islice, takewhile

from lxml.html import HtmlElement

from watcher.articles.lines import words_of

_LEAST_VOICE = 0.3  # of a text's sentences: a wall says little else
_LEAST_VOICE_ALONE = 0.5
_FEWEST_WORDS = 4  # of a sentence
_LEAST_IN_DIALOG = 0.6  # of a text's words
_LEAST_PROSE = 120
_LONGEST_LABEL = 40
_LONGEST_OFFER = 220
_MOST_DIALOGS = 50
_LEAST_HELD = 0.8  # of a text's words, in the box around it
_MOST_AROUND = 50_000  # characters of a page that is a wall
_DEEPEST_BOX = 60
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_PARTS = re.compile(r"\s+[|–—·•:-]+\s+|\s*[|:]\s+|,\s+")
_ENDS = tuple('.!?…"”“»«’)')


def _form(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.IGNORECASE)


_NOTICE = _form(
    r"(?:http )?(?:error|fehler(?:code)?|status)? ?\(?[45]\d\d\)?(?: (?:error|fehler|not found|forbidden|"
    r"gone|nicht gefunden|"
    r"unauthorized|bad gateway|(?:service|page) (?:temporarily )?unavailable|internal server error|"
    r"seite nicht gefunden))?",
    r"(?:die |diese |der |dieser |the |this )?(?:gesuchte |angeforderte |gewünschte |requested )?"
    r"(?:seite|artikel|inhalt|dokument|page|document)(?: (?:wurde|konnte|ist|could|can|was|is))?(?: leider)? "
    r"(?:nicht|not|cannot be|no longer)(?: mehr)?(?: be)? (?:gefunden(?: werden)?|found|verfügbar|vorhanden|"
    r"exists?|available)",
    r"(?:die |diese )?(?:seite|adresse) existiert (?:leider )?nicht(?: mehr)?|page introuvable|not found|"
    r"nicht gefunden",
    r"(?:the |this )?page (?:you (?:requested|are looking for) )?(?:does not|doesn't|doesn’t) exist",
    r"(?:http )?error|fehler|oops|ups|hoppla|sorry|access (?:denied|forbidden)|zugriff verweigert|forbidden",
    r"are you (?:a )?(?:robot|human)|(?:please )?verify (?:that )?you are (?:a )?human|(?:enter the )?captcha",
    r"just a moment|one moment, please|checking your browser(?: before [^.]{0,60})?|security check|attention required",
    r"cloudflare|(?:please )?enable javascript and cookies(?: to continue)?|temporarily unavailable",
    r"(?:the )?service(?: is)? (?:temporarily )?unavailable",
    r"checking if the site connection is secure|nur einen moment|einen moment,? bitte|sicherheitsüberprüfung",
    r"(?:es wird überprüft, )?ob sie ein mensch sind|page cannot be found",
)
# What error pages advise beside a title that has the name of the site, too.
_ADVICE = _form(
    r"(?:page|article) (?:that )?you (?:are looking for|requested)|(?:moved|updated)\b[^.]{0,40}\b(?:deleted|removed)",
    r"(?:verschoben|umbenannt)\b[^.]{0,40}\b(?:gelöscht|entfernt)|(?:prüfen|überprüfen) sie die (?:adresse|url)",
    r"security of your connection|sicherheit ihrer verbindung|(?:zur|unsere) startseite|(?:the|our) home ?page",
)
_VOICE = _form(
    r"(?:wir|we) (?:und|and) (?:unsere|our) (?:bis zu |up to )?(?:\d+ )?(?:partner|drittanbieter|vendors)",
    r"nous et nos (?:\d+ )?partenaires|wir verwenden cookies|we use cookies|diese (?:web)?seite (?:verwendet|"
    r"nutzt) cookies",
    r"(?:mit|durch) (?:einem |ihren |ihrem )?klick auf|by clicking|indem sie auf",
    r"(?:mit|durch|über) [„“»\"'][^„“”«»\"]{2,40}[“”«\"'] (?:erteilen|stimmen|willigen|akzeptieren) sie",
    r"(?:alles? |alle cookies |cookies )?(?:zustimmen|akzeptieren|einwilligen|ablehnen|annehmen)(?: (?:und|"
    r"&) \w+)?[.!]?$",
    r"(?:zustimmen|akzeptieren|einwilligen) (?:und|&|oder)\b|zustimmung (?:erforderlich|erteilen)|um fortzufahren",
    r"ihre (?:einwilligung|zustimmung|privatsphäre|daten)|your (?:privacy|consent|choices)|you can (?:withdraw|change)",
    r"sie (?:können|stimmen) (?:ihre|dem|der|dies|jederzeit|zu)\b|bitte (?:stimmen|wählen|akzeptieren) sie|"
    r"bevor sie|before you continue",
    r"we (?:value|care about|respect) your privacy|informationen auf einem (?:end)?gerät|information on a device",
    r"(?:accept|reject|allow|manage)(?: all)?(?: cookies| and continue| preferences| options)?\b",
    r"(?:datenschutz|privatsphäre|cookie)-?einstellungen|(?:privacy|cookie) settings|personalisierte (?:werbung|"
    r"anzeigen)",
    r"pur-abo|contentpass|mit werbung (?:weiter)?lesen|tout accepter|accepter et|aceptar|accetta|alles accepteren",
    r"weiter mit werbung|jetzt (?:pur|ohne werbung)|oder lesen sie",
)
_BUTTON = _form(
    r"we (?:value|care about|respect) your privacy|(?:datenschutz|privatsphäre|cookie)-?einstellungen",
    r"(?:alles? |alle cookies )?(?:akzeptieren|zustimmen|annehmen|erlauben|ablehnen)(?: (?:und|&) (?:weiter|"
    r"schließen|fortfahren))?",
    r"einverstanden|einwilligen|ok(?:ay)?, (?:verstanden|einverstanden)|(?:cookie-|"
    r"datenschutz-)?einstellungen(?: verwalten)?",
    r"(?:accept|agree|allow|reject|decline)(?: all)?(?: cookies)?(?: (?:and|&) (?:continue|close))?|i agree|i accept",
    r"manage (?:preferences|options|cookies|settings)|tout (?:accepter|refuser)|aceptar(?: todo)?|"
    r"accetta(?: tutto)?|akkoord",
)
_LABEL = _form(
    r"(?:yes, )?i (?:accept|agree)|(?:accept|agree)(?: all)?(?: (?:and|&|to) (?:continue|close|proceed))?",
    r"manage (?:my )?(?:cookies|choices|preferences|options)|(?:nur )?(?:notwendige|erforderliche) cookies",
    r"(?:zustimmen|einwilligen|akzeptieren) (?:und|&) (?:weiter(?:lesen)?|schließen|fortfahren)",
)
_SUBJECT = re.compile(
    r"cookie|tracking|einwillig|zustimm|datenschutz|privacy|consent|partner|personal data|personenbezogen|akzeptier"
    r"|\b(?:accept|agree)|werbung",
    re.IGNORECASE,
)
_DIALOG_NAMES = re.compile(
    r"(?<![a-z])(?:consent|cookie|cmp|gdpr|dsgvo|privacy|purabo|pur-abo|onetrust|usercentrics|didomi)(?![a-z])|consent",
    re.IGNORECASE,
)
_OFFER = _form(
    r"(?:jetzt|hier) (?:\w+ )?(?:weiterlesen|abonnieren|testen|freischalten|anmelden)|weiterlesen mit",
    r"(?:nur|exklusiv) für (?:\w+[- ])?abonnent|mit (?:einem )?abo (?:weiter)?lesen|(?:probeabo|digitalabo|"
    r"probemonat)\b",
    r"diese[rsnm]? (?:artikel|inhalt|text|beitrag) ist (?:(?:exklusiv|nur) für|kostenpflichtig|ein (?:premium|plus))",
    r"(?:sie sind |du bist )?(?:bereits|schon) (?:abonnent|registriert|kunde|digital-abonnent)|(?:premium|"
    r"plus)-(?:artikel|inhalt)",
    r"subscribe (?:now |today )?to|subscribers? only|for subscribers|already a (?:subscriber|member)|"
    r"unlock this article",
    r"this (?:article|content|story) is (?:for|only for|exclusive)|to (?:continue|keep) reading|start your free trial",
    r"(?:cet article est )?réservé aux abonnés|contenido exclusivo|solo para suscriptores|contenuto riservato",
)


def is_error_notice(titles: Collection[str], text: str) -> bool:
    """Returns whether a whole title, or the whole first line or sentence of a text, is an error notice.

    A part of a title is enough ("Page not found | The Herald") if the text gives the advice of an error page.
    """
    openings = islice(filter(None, _SENTENCE_END.split(text)), 2)
    if any(_is_notice(each) for each in (*titles, *openings)):
        return True
    return any(_is_notice(part) for title in titles for part in _parts(title)) and bool(_ADVICE.search(text))


def has_article_structure(text: str) -> bool:
    """Returns whether a text has two paragraphs of prose or more."""
    return sum(len(line) >= _LEAST_PROSE and line.endswith(_ENDS) for line in text.splitlines()) >= 2


def is_consent_wall(title: str, text: str, tree: HtmlElement | None) -> bool:
    """Returns whether a text asks its reader for consent: its sentences do beside the label of a button, or it is the
    text of a dialog with buttons."""
    sentences = [each.strip() for each in _SENTENCE_END.split(text) if each.strip()]
    asking = sum(bool(_VOICE.match(each)) for each in sentences)
    has_label = any(_BUTTON.fullmatch(each.strip(" .!")) for each in (title, *sentences))
    if has_label and asking >= _LEAST_VOICE * len(sentences) > 0:
        return True
    if tree is None:
        return False
    if _is_around_button(text, sentences, tree):
        return True
    if has_article_structure(text):
        return False
    spoken = [each for each in sentences if len(each.split()) >= _FEWEST_WORDS]  # without greetings and headings
    says_little_else = asking >= _LEAST_VOICE_ALONE * len(spoken) > 0
    return _is_in_dialog(text, tree) or (says_little_else and _has_button(tree))


def is_offer(line: str) -> bool:
    """Returns whether a line begins as the offer of a subscription does, and is no longer than one."""
    return len(line) <= _LONGEST_OFFER and bool(_OFFER.match(line.lstrip("-–•» ")))


def _is_notice(text: str) -> bool:
    parts = _parts(text)
    return bool(parts) and (
        bool(_NOTICE.fullmatch(text.strip(" .!?…"))) or all(_NOTICE.fullmatch(part) for part in parts)
    )


def _parts(text: str) -> list[str]:
    return [part.strip(" .!?…") for part in _PARTS.split(text) if re.search(r"\w", part)]


def _is_around_button(text: str, sentences: Sequence[str], tree: HtmlElement) -> bool:
    """Returns whether most sentences are about consent, and the smallest box that holds them has the button for it."""
    spoken = [each for each in sentences if len(each.split()) >= _FEWEST_WORDS]
    about = sum(bool(_SUBJECT.search(each)) for each in spoken)
    if about < _LEAST_VOICE_ALONE * len(spoken) or not spoken:
        return False
    box = tree.find("body") if tree.tag == "html" else tree
    if box is None or sum(map(len, box.itertext())) > _MOST_AROUND:
        return False
    wanted = words_of(text)
    for _ in range(_DEEPEST_BOX):
        inner = next((each for each in box if isinstance(each.tag, str) and _holds(each, wanted)), None)
        if inner is None:
            break
        box = inner
    buttons = filter(_is_button, box.iter("button", "a", "input", "span", "div"))
    return any(not _is_in_inner_dialog(button, box) for button in buttons)


def _holds(element: HtmlElement, wanted: frozenset[str]) -> bool:
    return len(wanted & words_of(" ".join(element.itertext()))) >= _LEAST_HELD * len(wanted)


def _is_in_dialog(text: str, tree: HtmlElement) -> bool:
    """Returns whether a dialog or a box named as a consent manager, with its buttons, holds the words of a text."""
    wanted = words_of(text)
    for element in islice(filter(_is_dialog, tree.iter("dialog", "div", "section", "aside", "form")), _MOST_DIALOGS):
        held = words_of(" ".join(element.itertext()))
        if len(wanted & held) >= _LEAST_IN_DIALOG * len(wanted) and _has_button(element):
            return True
    return False


def _is_dialog(element: HtmlElement) -> bool:
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return (
        element.tag == "dialog" or element.get("role") in {"dialog", "alertdialog"} or bool(_DIALOG_NAMES.search(names))
    )


def _has_button(element: HtmlElement) -> bool:
    return any(map(_is_button, element.iter("button", "a", "input", "span", "div")))


def _is_button(element: HtmlElement) -> bool:
    if len(element) >= 3:
        return False
    label = " ".join("".join(element.itertext()).split())[:_LONGEST_LABEL] or element.get("value") or ""
    return bool(_BUTTON.fullmatch(label) or _LABEL.fullmatch(label))


def _is_in_inner_dialog(element: HtmlElement, box: HtmlElement) -> bool:
    return any(_is_dialog(each) for each in takewhile(lambda each: each is not box, element.iterancestors()))
