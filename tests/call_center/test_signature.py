"""Who knocks at the provider's doors: only what the provider signed, for exactly this address, is let in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from call_center.gateway import Gateway, signature_fits
from call_center.settings import Settings

TOKEN = "12345"
U = "https://mycompany.com/myapp.php?foo=1&bar=2"
P = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
BODY = b'{"property": "value", "boolean": true}'
HASH = "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
EMPTY = "bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
KEY = "webhooks_sharedkey_1"

# The vectors of the provider's own libraries and documentation.
FORMS: list[tuple[str, str, dict[str, Any], str]] = [
    ("plain", U, P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("port left out", "https://mycompany.com:1234/myapp.php?foo=1&bar=2", P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("port kept", "http://mycompany.com:1234/myapp.php?foo=1&bar=2", P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ("443 added", U, P, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("80 added", U.replace("https", "http"), P, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (
        "several values",
        U,
        {"Sid": "CA123", "SidAccount": "AC123", "Digits": ["5678", "1234", "1234"]},
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
    ),
    (
        "values in any order",
        U,
        {"MessagingBinding.Address": ["+1415xxxxxxx", "+1325xxxxxxx"]},
        "83O6e2vORAoJHUNzJjDWN1jz+BA=",
    ),
    (
        "sorted by name alone",
        U,
        {**P, "Reason": "Participant", "ReasonConferenceEnded": "test"},
        "vOEb5UThFn24KEfnOFLQY2AE5FY=",
    ),
    ("no fields", U, {}, "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
    ("no query", "https://mycompany.com/myapp.php", P, "1xaxFBvyzXYvWplzNOSs28HWO94="),
    (
        "escapes in the query",
        "https://mycompany.com/myapp.php?foo=hello%20world&bar=test%2Bvalue",
        P,
        "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
    ),
    (
        "letters of all kinds",
        U,
        {
            "Message": "Hello & goodbye! @#$%^*()",
            "From": "+1 (415) 867-5309",
            "Special": "unicode: ñáéíóú",
        },
        "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
    ),
    (
        "empty values",
        U,
        {"Digits": "", "CallSid": "CA1234567890ABCDE", "EmptyParam": ""},
        "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
    ),
    ("two fields", U, {"property": "value", "boolean": "true"}, "NBdBDr/T/lgjI+tlgpXjKZQZs/k="),
    (
        "of the documentation",
        "https://example.com/myapp.php?foo=1&bar=2",
        {**P, "From": "+14158675310", "Caller": "+14158675310"},
        "L/OH5YylLD5NRKLltdqwSvS0BnU=",
    ),
]
BODIES = [
    ("query and body", f"{U}&{HASH}", BODY, "a9nBmqA0ju/hNViExpshrM61xv4="),
    ("body alone", f"https://mycompany.com/myapp.php?{HASH}", BODY, "y77kIzt2vzLz71DgmJGsen2scGs="),
    ("443 added", f"{U}&{EMPTY}", b"{}", "Ldidvp12m26NI7eqEvxnEpkd9Hc="),
]


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


def split(url: str) -> tuple[str, str]:
    base, slash, path = url.partition(".com")
    host, port_or_path = base + slash, path
    port, _slash, rest = port_or_path.partition("/")
    return host + port, "/" + rest


@pytest.mark.parametrize(
    ("url", "fields", "signature"), [row[1:] for row in FORMS], ids=[r[0] for r in FORMS]
)
def test_the_vectors_of_forms(url: str, fields: dict[str, Any], signature: str) -> None:
    public, target = split(url)
    assert gateway(public).signed(arriving(target, fields, signature=signature))
    wrong = signature[:-2] + ("A=" if signature[-2] != "A" else "B=")
    assert not gateway(public).signed(arriving(target, fields, signature=wrong))


@pytest.mark.parametrize(
    ("url", "body", "signature"), [row[1:] for row in BODIES], ids=[r[0] for r in BODIES]
)
def test_the_vectors_of_other_bodies(url: str, body: bytes, signature: str) -> None:
    public, target = split(url)
    kind: dict[str, Any] = {"Content-Type": "application/json"}
    assert gateway(public).signed(arriving(target, signature=signature, body=body, **kind))
    assert not gateway(public).signed(arriving(target, signature=signature, body=body + b" ", **kind))


def test_the_sort_trap() -> None:
    fields = {**P, "Reason": "Participant", "ReasonConferenceEnded": "test"}
    wrong = "95+Bu0JVPi0r/SsESZCVf0dWAjw="
    assert not gateway().signed(arriving("/myapp.php?foo=1&bar=2", fields, signature=wrong))


def test_names_and_passwords_in_the_address_are_compared_as_the_library_does() -> None:
    for user, signature in (
        ("user:pass", "CukzLTc1tT5dXEDIHm/tKBanW10="),
        ("user", "2YRLlVAflCqxaNicjMpJcSTgzSs="),
        ("user:pass", "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="),
    ):
        url = U.replace("https://", f"https://{user}@")
        assert signature_fits(TOKEN, url, P, signature)


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
    assert not with_key.signed(asked(FORMS[0][3], named))
    assert not gateway().signed(asked(vector, named))


def test_what_is_missing_or_unsigned_is_refused_without_an_error() -> None:
    target = "/myapp.php?foo=1&bar=2"
    assert not gateway().signed(arriving(target, P, signature=None))
    assert not gateway().signed(arriving(target, P, signature=""))
    assert not Gateway(Settings(), "https://mycompany.com").signed(arriving(target, P, signature="x"))
    # A body that the signature does not cover.
    unsigned = FORMS[8][3]
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
