"""Where a redirect may lead: to a path of this server, in every spelling a browser knows."""

from __future__ import annotations

import re
from urllib.parse import quote

_PATH = re.compile(r"/(?!/)[\x21-\x5b\x5d-\x7e]*\Z")
# What is printable in ASCII stays as it is, "%" and the forbidden back-slash included. All else is percent-encoded:
# letters as browsers send them, blanks and control characters so that none can be dropped and leave "//" behind.
_KEPT = "".join(map(chr, range(0x21, 0x7F)))


def safe_target(url: str | None, default: str = "/") -> str:
    """`url` when it is a path of this server, else `default`; letters beyond ASCII come back percent-encoded."""
    if not url or len(url) > 2000:
        return default
    try:
        path = quote(url, safe=_KEPT)
    except UnicodeEncodeError:
        return default
    return path if _PATH.match(path) else default
