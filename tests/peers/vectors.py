"""Signatures that Twilio's own libraries and documentation publish as right or wrong, all with the token `TOKEN`.

From the test suites of the libraries for Python, Node, Go and Java, and from the page on security of webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass

TOKEN = "12345"
HOST = "mycompany.com"
PATH = "/myapp.php"
QUERY = "?foo=1&bar=2"
URL = f"https://{HOST}{PATH}{QUERY}"

CALL = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
)
CONFERENCE_END = (*CALL, ("Reason", "Participant"), ("ReasonConferenceEnded", "test"))
JSON_BODY = '{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
EMPTY_HASH = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@dataclass(frozen=True)
class Vector:
    """One request with its signature. With `body` it is JSON, else a form; `url` is how the server knows itself."""

    name: str
    signature: str
    url: str = URL
    params: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    algorithm: str = "HMAC_SHA1"
    valid: bool = True


VECTORS = (
    Vector("form", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", params=CALL),
    Vector(
        "https with a port: it is not signed",
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        f"https://{HOST}:1234{PATH}{QUERY}",
        CALL,
    ),
    Vector(
        "http with a port: it is signed",
        "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        f"http://{HOST}:1234{PATH}{QUERY}",
        CALL,
    ),
    Vector("https, signed with :443", "kvajT1Ptam85bY51eRf/AJRuM3w=", params=CALL),
    Vector(
        "http, signed with :80",
        "0ZXoZLH/DfblKGATFgpif+LLRf4=",
        f"http://{HOST}{PATH}{QUERY}",
        CALL,
    ),
    Vector(
        "user and password",
        "CukzLTc1tT5dXEDIHm/tKBanW10=",
        f"https://user:pass@{HOST}{PATH}{QUERY}",
        CALL,
    ),
    Vector("user", "2YRLlVAflCqxaNicjMpJcSTgzSs=", f"https://user@{HOST}{PATH}{QUERY}", CALL),
    Vector(
        "user and password, signed with :443",
        "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI=",
        f"https://user:pass@{HOST}{PATH}{QUERY}",
        CALL,
    ),
    Vector(
        "a name many times, a value twice",
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        params=(
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ),
    ),
    Vector(
        "a name twice",
        "83O6e2vORAoJHUNzJjDWN1jz+BA=",
        params=(
            ("MessagingBinding.Address", "+1325xxxxxxx"),
            ("MessagingBinding.Address", "+1415xxxxxxx"),
        ),
    ),
    Vector(
        "a name twice, the other way round",
        "83O6e2vORAoJHUNzJjDWN1jz+BA=",
        params=(
            ("MessagingBinding.Address", "+1415xxxxxxx"),
            ("MessagingBinding.Address", "+1325xxxxxxx"),
        ),
    ),
    Vector("a name that begins like another", "vOEb5UThFn24KEfnOFLQY2AE5FY=", params=CONFERENCE_END),
    Vector(
        "a name that begins like another, sorted with its value",
        "95+Bu0JVPi0r/SsESZCVf0dWAjw=",
        params=CONFERENCE_END,
        valid=False,
    ),
    Vector("JSON", "a9nBmqA0ju/hNViExpshrM61xv4=", f"{URL}&bodySHA256={JSON_HASH}", body=JSON_BODY),
    Vector(
        "JSON, nothing else in the query",
        "y77kIzt2vzLz71DgmJGsen2scGs=",
        f"https://{HOST}{PATH}?bodySHA256={JSON_HASH}",
        body=JSON_BODY,
    ),
    Vector(
        "JSON, empty, signed with :443",
        "Ldidvp12m26NI7eqEvxnEpkd9Hc=",
        f"{URL}&bodySHA256={EMPTY_HASH}",
        body="{}",
    ),
    Vector(
        "JSON, another body than was signed",
        "a9nBmqA0ju/hNViExpshrM61xv4=",
        f"{URL}&bodySHA256={JSON_HASH}",
        body=JSON_BODY.replace("true", "false"),
        valid=False,
    ),
    Vector("nothing posted", "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
    Vector("no query", "1xaxFBvyzXYvWplzNOSs28HWO94=", f"https://{HOST}{PATH}", CALL),
    Vector(
        "a query with escapes",
        "er2tvAP1Wx+iuTTE2BPgvEaN1cs=",
        f"https://{HOST}{PATH}?foo=hello%20world&bar=test%2Bvalue",
        CALL,
    ),
    Vector(
        "marks and accents",
        "dCPiR4WtQ6QFN6pJh81CtlCcWLQ=",
        params=(
            ("Message", "Hello & goodbye! @#$%^*()"),
            ("From", "+1 (415) 867-5309"),
            ("Special", "unicode: ñáéíóú"),
        ),
    ),
    Vector(
        "empty values",
        "9HHp/OqQMEwdrVebHDdA/+tqjX8=",
        params=(("Digits", ""), ("CallSid", "CA1234567890ABCDE"), ("EmptyParam", "")),
    ),
    Vector(
        "a form whose fields are those of the JSON",
        "NBdBDr/T/lgjI+tlgpXjKZQZs/k=",
        params=(("property", "value"), ("boolean", "true")),
    ),
    Vector(
        "the page on security",
        "L/OH5YylLD5NRKLltdqwSvS0BnU=",
        f"https://example.com{PATH}{QUERY}",
        tuple((name, "+14158675310" if name in ("From", "Caller") else value) for name, value in CALL),
    ),
    # Not published: computed with the library for Python, the first that knows the algorithm.
    Vector(
        "a shared key",
        "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=",
        params=CALL,
        algorithm="HMAC_SHA256",
    ),
    Vector(
        "a shared key's signature without its header",
        "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=",
        params=CALL,
        valid=False,
    ),
    Vector(
        "the auth token's signature under a shared key",
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        params=CALL,
        algorithm="HMAC_SHA256",
        valid=False,
    ),
    Vector("no signature", "", params=CALL, valid=False),
)
