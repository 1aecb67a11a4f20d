"""Language tags of BCP 47, as `lang` attributes have them."""

from __future__ import annotations

import re

_TAG = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*")


def is_language_tag(text: str) -> bool:
    """Returns whether a text has the form of a language tag."""
    return _TAG.fullmatch(text) is not None
