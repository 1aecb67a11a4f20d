"""Keeps raised text apart from the word before it: `Rutte<sup>1</sup>` becomes `Rutte¹`, not "Rutte1".

Plain text has no markup, so the characters of Unicode replace it. Only numbers and trade marks are replaced: raised
letters are mostly parts of words ("1<sup>er</sup>").
"""

from __future__ import annotations

import re

_RAISED = re.compile(
    r"<(?<=[^\s<>]<)sup\b[^<>]{0,500}>\s*(?:<(?:a|b|em|i|small|span|strong)\b[^<>]{0,500}>\s*){0,3}"
    r"([+−-]?[0-9]{1,4}(?:\s?[,;–-]\s?[0-9]{1,4}){0,5}|TM|SM)"
    r"\s*(?:</(?:a|b|em|i|small|span|strong)\s*>\s*){0,3}</sup\s*>",
    re.IGNORECASE,
)
_DIGITS = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_MARKS = {"tm": "™", "sm": "℠"}


def raise_superscripts(html: str) -> str:
    """Replaces `sup` elements behind a word that hold a number or a trade mark by superscript characters."""
    if "<sup" not in html and "<SUP" not in html:
        return html
    return _RAISED.sub(lambda found: _MARKS.get(found[1].lower()) or found[1].translate(_DIGITS), html)
