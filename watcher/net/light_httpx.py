"""Keeps httpx from importing its own command line. Imported before httpx.

httpx imports that program where click, pygments and rich are installed, and is made to do without it where they are
not. It costs 28 modules and 50 ms at each start.
"""

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None: the import fails as if it were not there
