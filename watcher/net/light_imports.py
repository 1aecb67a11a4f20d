"""Keeps httpx and aiohttp from doing at import what watcher never uses. Imported before both.

- httpx imports its command line where click, pygments and rich are installed, and is made to do without it where they
  are not: 28 modules and 50 ms at each start.
- aiohttp makes two TLS contexts and loads the certificates of all authorities into each: 30 to 50 ms. watcher makes a
  context of its own for the first https request. The two trust nobody then.
"""

import os
import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None: the import fails as if it were not there

_CERTIFICATES = "SSL_CERT_FILE"  # of OpenSSL
_given = os.environ.get(_CERTIFICATES)
os.environ[_CERTIFICATES] = os.devnull
try:
    import aiohttp.connector  # noqa: F401
finally:
    del os.environ[_CERTIFICATES]
    if _given is not None:
        os.environ[_CERTIFICATES] = _given
