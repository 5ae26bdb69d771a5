"""Who knocks at the provider's doors: only what the provider signed, for exactly this address, is let in.

The provider's published signatures are in `peers/test_signatures.py`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from call_center.gateway import Gateway
from call_center.settings import Settings

TOKEN = "12345"
P = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
KEY = "webhooks_sharedkey_1"


def gateway(public: str = "https://mycompany.com", **settings: Any) -> Gateway:
    return Gateway(Settings(account_sid="AC" + "0" * 32, auth_token=TOKEN, **settings), public)


def arriving(
    target: str, fields: Any = None, *, signature: str | None, body: bytes | None = None, **headers: str
) -> Request:
    """A request as it comes out of a proxy: another scheme, another host, the path as it was sent."""
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    data: Any = MultiDict(fields or {}) if body is None else body
    builder = EnvironBuilder(
        method="POST", base_url="http://10.0.0.7:8000", data=data, headers=list(headers.items())
    )
    if body is None:
        builder.content_type = "application/x-www-form-urlencoded"
    environ = builder.get_environ()
    path, _question, query = target.partition("?")
    environ |= {"REQUEST_URI": target, "RAW_URI": target, "PATH_INFO": path, "QUERY_STRING": query}
    return Request(environ)


def test_a_shared_key_signs_with_sha256() -> None:
    named = f"key={KEY},algorithm=HMAC_SHA256"
    vector = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    with_key = gateway(shared_keys=f"other:secret {KEY}:{TOKEN}")

    def asked(signature: str, header: str) -> Request:
        target = "/myapp.php?foo=1&bar=2"
        extra: dict[str, Any] = {"X-Twilio-Webhooks-Signature-Settings": header}
        return arriving(target, P, signature=signature, **extra)

    assert with_key.signed(asked(vector, named))
    assert not with_key.signed(asked(vector, "key=unknown,algorithm=HMAC_SHA256"))
    assert not with_key.signed(asked(vector, f"key={KEY},algorithm=HMAC_SHA1"))
    assert not with_key.signed(asked(vector, f"key={KEY},algorithm=NONE"))
    assert not with_key.signed(asked("RSOYDt4T1cUTdK1PDd93/VVr8B8=", named))
    assert not gateway().signed(asked(vector, named))


def test_what_is_missing_or_unsigned_is_refused_without_an_error() -> None:
    target = "/myapp.php?foo=1&bar=2"
    assert not gateway().signed(arriving(target, P, signature=None))
    assert not gateway().signed(arriving(target, P, signature=""))
    assert not Gateway(Settings(), "https://mycompany.com").signed(arriving(target, P, signature="x"))
    # A body that the signature does not cover.
    unsigned = "zYQTYrRWXE7LtzbG4PfP7/bkkGo="
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", "nonsense"):
        body = arriving(target, signature=unsigned, body=b'{"CallSid": "CA1"}', **{"Content-Type": kind})
        assert not gateway().signed(body)


def test_the_address_is_ours_and_the_path_is_as_it_came() -> None:
    """Escapes and doubled slashes survive; the host that the request names does not matter."""
    for target in ("/a%2Fb/%C3%A9%7B?x=%20'", "/twilio//voice/inbound?c=a&c=b"):
        signature = sha1("https://crm.example.com" + target)
        found = gateway("https://crm.example.com/").signed(arriving(target, signature=signature))
        assert found is True
    absolute = arriving("/x", signature=sha1("https://crm.example.com/x?y=1"))
    absolute.environ["REQUEST_URI"] = "http://evil.example.com/x?y=1"
    assert gateway("https://crm.example.com").signed(absolute)
    spoofed = arriving("/x", signature=sha1("https://evil.example.com/x"), Host="evil.example.com")
    assert not gateway("https://crm.example.com").signed(spoofed)


def test_a_foreign_account_is_told_apart() -> None:
    made = gateway()
    assert made.is_ours("AC" + "0" * 32)
    for foreign in ("AC" + "1" * 32, "", None, "AC" + "0" * 31):
        assert not made.is_ours(foreign)
    assert not Gateway(Settings(), "").is_ours("")


@settings(max_examples=60, deadline=None)
@given(
    header=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60),
    named=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60),
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "text/plain; charset=x"]),
    query=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
)
def test_nothing_that_comes_raises(header: str, named: str, body: bytes, kind: str, query: str) -> None:
    request = arriving("/x?" + query, signature=None, body=body, **{"Content-Type": kind})
    request.environ["HTTP_X_TWILIO_SIGNATURE"] = header
    request.environ["HTTP_X_TWILIO_WEBHOOKS_SIGNATURE_SETTINGS"] = named
    assert gateway(shared_keys=f"{KEY}:{TOKEN}").signed(Request(request.environ)) is False


def sha1(url: str) -> str:
    return base64.b64encode(hmac.new(TOKEN.encode(), url.encode(), hashlib.sha1).digest()).decode()
