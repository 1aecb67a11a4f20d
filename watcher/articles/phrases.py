"""Phrases by which lines and pages give themselves away: general ones of many outlets, never the name of one.

Patterns for `re`, case ignored, but CONSENT, PAYWALL, MARGIN_NAMES and CAPTION_NAMES are for lower-case texts (a
quarter of the time). Lists are meant to grow. What follows from a hit is decided elsewhere.
"""

from __future__ import annotations

import re


def _any(*phrases: str, before: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(phrases)})", re.IGNORECASE)


def _any_lower(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


def _any_word(*words: str) -> re.Pattern[str]:
    return re.compile(f"(?<![a-z])(?:{'|'.join(words)})(?![a-z])")


CONSENT = _any_lower(
    r"(?:wir|we) (?:und|and) (?:unsere|our) (?:bis zu )?(?:\d+ )?(?:partner|drittanbieter|vendors)",
    r"nous et nos partenaires",
    r"pur-abo|\bcontentpass\b|mit werbung und (?:tracking|cookies)|mit werbung (?:weiter)?lesen",
    r"(?:zustimmen|akzeptieren|einwilligen) (?:und|&) (?:weiter|fortfahren|schließen)",
    r"alles? akzeptieren|alle ablehnen",
    r"cookies? (?:zustimmen|akzeptieren|zulassen|erlauben)|zustimmung (?:erforderlich|erteilen)|ihre zustimmung",
    r"ihre einwilligung|einwilligung (?:erforderlich|jederzeit|in die (?:verwendung|nutzung|verarbeitung))",
    r"informationen auf einem (?:end)?gerät|information on a device|stocker et/ou accéder",
    r"personalisierte (?:werbung|anzeigen) und inhalte|personali[sz]ed (?:ads|advertising) and content",
    r"we (?:value|care about|respect) your privacy|your privacy (?:choices|matters)|consent to the use of",
    r"(?:accept|reject|allow) (?:all )?(?:cookies|and continue)|accept all|reject all",
    r"manage (?:preferences|options|cookies)",
    r"datenschutz-?einstellungen|privatsphäre-?einstellungen|cookie-?einstellungen|privacy settings|cookie settings",
    r"before you continue|bevor sie (?:fortfahren|zu .{2,40} weitergehen)|tout accepter",
    r"accepter et (?:continuer|fermer)",
    r"aceptar (?:todo|y continuar|cookies)|accetta (?:tutto|e continua)|alles accepteren",
)

# Each phrase of CONSENT holds one of these, in lower case: a text without any need not be searched (12 ms for 6,000
# letters).
CONSENT_HINTS = (
    *("cookie", "consent", "accept", "akzept", "zustimm", "einwillig", "partner", "partena", "vendor", "drittanbieter"),
    *("privacy", "privatsph", "datenschutz", "werbung", "anzeigen und", "advertising", "gerät", "device", "stocker"),
    *("reject", "manage", "ablehnen", "contentpass", "pur-abo", "continue", "bevor sie", "aceptar", "accett"),
)

PAYWALL = _any_lower(
    r"(?:jetzt|hier) (?:weiterlesen|abonnieren|testen|freischalten)|weiterlesen mit|nur für abonnent",
    r"exklusiv für abonnent|diese[rsnm]? (?:artikel|inhalt|text|beitrag) ist (?:exklusiv|nur|kostenpflichtig)",
    r"(?:bereits|schon) (?:abonnent|registriert|kunde|digital-abonnent)|mit (?:einem )?abo (?:weiter)?lesen",
    r"probeabo|digitalabo|probemonat|(?:premium|plus)-(?:artikel|inhalt)|monatlich kündbar",
    r"subscribe (?:now |today )?to (?:continue|read|keep reading|unlock)|subscribers? only|for subscribers",
    r"already a (?:subscriber|member)|this (?:article|content|story) is (?:for|only|exclusive)",
    r"to (?:continue|keep) reading|unlock this article|start your free trial",
    r"réservé aux abonnés|contenido exclusivo|solo para suscriptores|contenuto riservato",
)

ERROR = _any(
    r"\b(?:404|403|410|500|502|503)\b.{0,40}(?:not found|error|fehler|forbidden|unavailable|gone|bad gateway)",
    r"(?:seite|artikel|inhalt)\s.{0,40}(?:nicht gefunden|existiert nicht|nicht (?:mehr )?(?:verfügbar|vorhanden))",
    r"page (?:not found|cannot be found)|page (?:doesn't|does not|no longer) exist|page introuvable",
    r"access denied|zugriff verweigert|are you (?:a robot|human)|verify (?:that )?you are (?:a )?human|captcha",
    r"checking your browser|just a moment\.\.\.|enable javascript and cookies",
    r"ob sie ein mensch sind|security of your connection|sicherheit ihrer verbindung",
    r"service unavailable|temporarily unavailable|^error \d{3}|^fehler \d{3}|^\d{3} error",
)

PAYWALL_NAMES = _any(r"paywall|pay-wall|paid-?barrier|piano-(?:offer|container)|subscriber-only|regwall|offer-?page")

MARGIN_NAMES = _any_word(
    r"related|recommend(?:ed|ation)?s?|read-?more|more-?on|most-?read|trending|teaser-?list|newsletter",
    r"breadcrumbs?|share-?bar|social-?share|comments?|promo|sponsor(?:ed)?|advertisement",
    r"author-?(?:bio|box|card|info)|copyright|boilerplate|consent|cookie-?(?:banner|notice)",
)

CAPTION_NAMES = _any_lower(
    r"(?<![a-z])(?:caption|credits?|copyright|audio|player|tooltip|toast|byline|authors?|bio|hidden|clipboard|gallery)(?![a-z])",
    r"caption|bildunterschrift|sr-only|visually-?hidden",
)
