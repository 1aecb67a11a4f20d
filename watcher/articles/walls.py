"""Evidence of form that a page is a wall: buttons, dialogs, notices as whole titles or lines, requests to the reader.

A text that merely mentions consent, errors or offers has none of it.
"""

from __future__ import annotations

import re
from itertools import islice

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


def is_error_notice(title: str, text: str) -> bool:
    """Returns whether the whole title, or the whole first line or sentence of a text, is an error notice."""
    openings = islice(filter(None, _SENTENCE_END.split(text)), 2)
    return any(_is_notice(each) for each in (title, *openings))


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
    if tree is None or has_article_structure(text):
        return False
    spoken = [each for each in sentences if len(each.split()) >= _FEWEST_WORDS]  # without greetings and headings
    says_little_else = asking >= _LEAST_VOICE_ALONE * len(spoken) > 0
    return _is_in_dialog(text, tree) or (says_little_else and _has_button(tree))


def is_offer(line: str) -> bool:
    """Returns whether a line begins as the offer of a subscription does, and is no longer than one."""
    return len(line) <= _LONGEST_OFFER and bool(_OFFER.match(line.lstrip("-–•» ")))


def _is_notice(text: str) -> bool:
    parts = [part.strip(" .!?…") for part in _PARTS.split(text) if re.search(r"\w", part)]
    return bool(parts) and all(_NOTICE.fullmatch(part) for part in parts)


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
    return any(
        _BUTTON.fullmatch(" ".join("".join(button.itertext()).split())[:_LONGEST_LABEL] or button.get("value") or "")
        for button in element.iter("button", "a", "input", "span", "div")
        if len(button) < 3
    )
