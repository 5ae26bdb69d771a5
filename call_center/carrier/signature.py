"""X-Twilio-Signature, made from the public description of it, so that it checks the library that verifies it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

HOST_END = re.compile(r"[/?]")
DIGESTS = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}


def signed_url(url: str) -> str:
    """The URL as it is signed: no user, no fragment, over HTTPS no port; all else letter for letter."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    host = HOST_END.split(rest, maxsplit=1)[0]
    tail = rest[len(host) :]
    host = host.rpartition("@")[2]
    name, colon, port = host.rpartition(":")
    if scheme == "https" and colon and port.isdigit():
        host = name
    return f"{scheme}://{host}{tail}"


def sign(token: str, url: str, params: Iterable[tuple[str, str]] = (), algorithm: str = "HMAC_SHA1") -> str:
    """HMAC of the URL and of every distinct name and value, by name; Base64."""
    text = signed_url(url) + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.new(token.encode(), text.encode(), DIGESTS[algorithm]).digest()
    return base64.b64encode(digest).decode("ascii")
