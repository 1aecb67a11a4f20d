"""Determines the language of an article: the one that page or feed declares, unless the text is plainly in another.

Function words decide for twelve languages; other texts load the detector once: lingua in low accuracy, 60 to 80 MB and
0.4 to 0.9 s. docs/extraction.md compares it with others.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lingua import LanguageDetector

_SAMPLE: Final = 2_000  # characters
_FEWEST_WORDS: Final = 12  # a shorter text says too little
_FEWEST_DISTINCT: Final = 5  # function words: "a", "na" and "se" are words of many languages
_CERTAIN: Final = 0.16  # share of function words from which a text is in their language
_PLAUSIBLE: Final = 0.08  # share from which it may be in the declared language
_LEAD: Final = 1.6  # times the share of the next language
_TAG = re.compile(r"([a-z]{2,3})(?:[-_].*)?")  # of BCP 47 or a POSIX locale
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})  # ISO 639: undetermined, several, uncoded, no language
_WORD = re.compile(r"[^\W\d_]+")
_FUNCTION_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
        "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor",
        "en": "the of and to in a is that for it as was with be by on not but at are this have from or had an "
        "they which you were their been has will would who more when its about said we there can",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec "
        "son aux mais comme ou si leur été cette ces ont elle deux même",
        "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha este "
        "sí porque esta son entre cuando muy sin sobre también fue",
        "it": "di e il la che in a per un è non si del le da con i della una sono al come più dei nel ha alla anche "
        "gli lo delle ma nella questo dal o essere stato",
        "nl": "de het een van en in is dat op te zijn voor met die niet aan er om ook als maar dan bij nog uit door "
        "naar heeft ze werd over tot worden deze hij was",
        "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à "
        "seu sua ou ser quando muito há nos já está também pelo",
        "da": "og i at det er en til på som af for de med der den ikke har et fra var han om men vi kan blev hun ved "
        "efter eller skal også havde sig",
        "sv": "och i att det som en på är av för med den till inte har de ett om han men var jag från vi så kan när "
        "hon under också efter eller nu sin där vid ska",
        "no": "og i det er på som en til av for at med de har ikke den et om var men han fra jeg vi kan så hun skal "
        "ble også etter eller nå sin ved mot",
        "pl": "w i na z się do nie że to jest o po jak za od dla przez ale są przy co oraz tym jego ich tak już roku "
        "może tylko który która było był ze",
        "tr": "ve bir bu da de için ile olarak çok daha olan en gibi kadar sonra ne o ya her ki var olduğu ise göre "
        "ancak dedi",
    }.items()
}


def language_code(tag: str) -> str:
    """Returns the code of two or three letters with which a language tag begins ("de-AT": "de"); "" for other texts."""
    match = _TAG.fullmatch(tag.strip().lower())
    return match[1] if match and match[1] not in _NO_LANGUAGE else ""


def language_of(text: str, *, declared: str = "") -> str:
    """Returns the language of a text as a two-letter code: the declared one, unless the text is plainly in another.

    "" if none is declared and the text is too short to determine it.
    """
    words = _WORD.findall(text[:_SAMPLE].lower())
    if len(words) < _FEWEST_WORDS and not _is_unspaced(text):
        return declared
    shares = _shares(words)
    (share, best), (next_share, _) = sorted(((share, language) for language, share in shares.items()), reverse=True)[:2]
    if declared and _is_plausible(shares.get(declared), share):
        return declared
    if share >= _CERTAIN and share >= _LEAD * next_share:
        return best
    return _detect(text[:_SAMPLE]) or declared


def _is_plausible(own: float | None, best: float) -> bool:
    """Whether a text can be in the declared language. `own`: the share of its function words, None if unknown."""
    if own is None:
        return best < _CERTAIN
    return own >= _PLAUSIBLE and own * _LEAD >= best


def _shares(words: list[str]) -> dict[str, float]:
    """Returns the share of each language's function words among the words; 0 if only a few of them occur."""
    counts, total = Counter(words), max(len(words), 1)
    occurring = {
        language: [counts[word] for word in known & counts.keys()] for language, known in _FUNCTION_WORDS.items()
    }
    return {
        language: sum(found) / total if len(found) >= _FEWEST_DISTINCT else 0.0 for language, found in occurring.items()
    }


def _is_unspaced(text: str) -> bool:
    """Whether a text is in a script without spaces between words."""
    return any("\u0e00" <= character <= "\u0eff" or "\u3040" <= character <= "\u9fff" for character in text[:200])


def _detect(text: str) -> str:
    found = _detector().detect_language_of(text)
    code = found.iso_code_639_1.name.lower() if found else ""
    return "no" if code in ("nb", "nn") else code


@cache
def _detector() -> LanguageDetector:
    """Loads the detector: of all its languages, or those left out would be taken for others."""
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
