"""Makes the links of a feed absolute and leaves them otherwise as the feed gives them."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from watcher.text.addresses import clean_address

MAX_LINK = 8192

# Addresses that urlsplit accepts for certain.
_USUAL = re.compile(r"https?://[A-Za-z0-9.-]*[A-Za-z0-9](?::[1-9][0-9]{1,4})?(?:/[!-~]*)?")


def absolute_link(link: str, *, base: str) -> str:
    """Returns the http(s) address of `link`, relative to `base`; "" for anything that cannot be fetched.

    An absolute link is returned unchanged but for line breaks within it, and white space, invisible characters and
    `feed:` around it. A link longer than
    MAX_LINK is dropped, because a shortened address is another address.
    """
    link = "".join(link.split("\n")).replace("\r", "").replace("\t", "")
    link = clean_address(link, scheme="")
    if not link or len(link) > MAX_LINK:
        return ""
    if is_web_address(link):
        return link
    if link[:4].lower() == "www.":  # an address without its scheme, not a file of that name
        link = f"http://{link}"
    try:
        joined = urljoin(base, link)
    except ValueError:
        return ""
    return joined if is_web_address(joined) and len(joined) <= MAX_LINK else ""


def is_web_address(text: str) -> bool:
    """Returns whether a text is an absolute http(s) address with a host."""
    if _USUAL.fullmatch(text):
        return True
    if text[:8].lower().partition(":")[0] not in {"http", "https"}:
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.scheme in {"http", "https"} and not any(map(str.isspace, parts.netloc))
    except ValueError:
        return False
