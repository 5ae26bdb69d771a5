"""Requests to the provider's doors that nobody would send by mistake: hostile forms, true signatures and false ones."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from urllib.parse import quote, urlencode

DOORS = (
    *("inbound", "after-dial", "wait", "queue-left", "connect", "outbound", "accept", "accepted", "announce"),
    *("join", "after-message", "fallback", "status"),
)
FORM = "application/x-www-form-urlencoded"

STATUSES = (
    *(
        "queued",
        "initiated",
        "ringing",
        "in-progress",
        "answered",
        "completed",
        "busy",
        "no-answer",
        "failed",
    ),
    *("canceled", "COMPLETED", "in_progress", "", "null", "ringing ", "завершено"),
)
MOMENTS = (
    *(
        "Fri, 20 Nov 2026 05:00:07 +0000",
        "Fri, 20 Nov 2026 05:01:00 +0000",
        "Fri, 31 Feb 2026 05:00:00 +0000",
    ),
    *(
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Thu, 01 Jan 1970 00:00:00 +0000",
    ),
    *("Fri, 20 Nov 2026 05:00:00 +9999", "2026-11-20T05:00:00Z", "yesterday", "", "0", "-1", "1e309", "\x00"),
    "Fri, 20 Nov 20261120 05:00:00 +0000",
)
NUMBERS = (
    "0",
    "1",
    "3",
    "60",
    "-1",
    "1.5",
    "1e9",
    "",
    "½",
    "٣",
    "９",
    "2147483648",
    "99999999999",
    "9" * 400,
    "NaN",
)
ADDRESSES = (
    *(
        "+84912345678",
        "+842873001234",
        "client:agent_1",
        "client:agent_99999999999",
        "client:",
        "sip:a@b",
        "",
    ),
    *(
        "anonymous",
        "+266696687",
        "＋８４９１２３４５６７８",
        "+" + "9" * 24,
        "0",
        "+84 (0)91",
        "tel:+84912345678",
    ),
)
WORDS = (
    *(
        "",
        "x",
        "\x00",
        "a\x00b",
        "Trần Thị Mai",
        "王伟 📞",
        "\u202egnp.exe",
        "\ufeff",
        "\ud7ff\ue000",
        "\r\nX: y",
    ),
    *(
        "' OR 1=1 --",
        '"}',
        "<script>alert(1)</script>",
        "]]></Say><Dial>+1900</Dial>",
        "%s%n{0}",
        "../../etc",
    ),
    *("null", "[]", "{}", "true", "-0", "\x1f" * 3, "e\u0301" * 200, "A" * 9_000),
)
FIELDS = {
    "CallStatus": STATUSES,
    "DialCallStatus": STATUSES,
    "StatusCallbackEvent": STATUSES,
    "QueueResult": ("bridged", "leave", "hangup", "redirected", "error", "system-error", "queue-full", ""),
    "RecordingStatus": ("in-progress", "completed", "absent", "failed", "deleted", ""),
    "RecordingSource": ("DialVerb", "RecordVerb", "Conference", ""),
    "Timestamp": MOMENTS,
    "CallDuration": NUMBERS,
    "DialCallDuration": NUMBERS,
    "RecordingDuration": NUMBERS,
    "RecordingChannels": NUMBERS,
    "SequenceNumber": NUMBERS,
    "SipResponseCode": NUMBERS,
    "QueueTime": NUMBERS,
    "Digits": ("1", "2", "hangup", "#" * 500, ""),
    "From": ADDRESSES,
    "To": ADDRESSES,
    "Direction": ("inbound", "outbound-dial", "outbound-api", "sideways"),
    "StirVerstat": ("TN-Validation-Passed-A", "TN-Validation-Failed-C", "TN-", ""),
    "call": WORDS,
    "_thread": WORDS,
    "_agent": NUMBERS,
    "_request": WORDS,
    "ErrorCode": NUMBERS,
    "ErrorUrl": WORDS,
}
SIDS = {
    "CallSid": "CA",
    "ParentCallSid": "CA",
    "DialCallSid": "CA",
    "RecordingSid": "RE",
    "ConferenceSid": "CF",
}


@dataclass(frozen=True)
class Knock:
    """One request. `signed_with`: ours | another secret | None; `fields` are what the signature covers."""

    target: str
    method: str
    content_type: str
    body: bytes
    fields: tuple[tuple[str, str], ...]
    signed_with: str | None
    is_genuine: bool


class Stranger:
    """Thinks of requests; the same seed, the same requests. Old calls give way to new ones, so that
    stories meet and none gets endless."""

    def __init__(self, random: Random, account: str) -> None:
        self._random = random
        self._account = account
        self._asked = 0

    def knock(self) -> Knock:
        """The next request."""
        random = self._random
        self._asked += 1
        target, known = self._target()
        method = (
            "POST" if random.random() < 0.97 else random.choice(("GET", "PUT", "HEAD", "PATCH", "DELETE"))
        )
        fields = tuple(self._fields())
        content_type, body = FORM, urlencode(fields).encode()
        if random.random() < 0.05:
            content_type, body = self._other_body()
        signed_with = random.choice(("ours", "ours", "ours", "ours", "stale", "stolen", None))
        ours = [value for name, value in fields if name == "AccountSid"][:1] == [self._account]
        genuine = (
            *(known, ours, method == "POST", content_type == FORM, signed_with == "ours"),
            len(body) < 4_000_000,
        )
        return Knock(target, method, content_type, body, fields, signed_with, all(genuine))

    def _target(self) -> tuple[str, bool]:
        """Path and query, and whether there is such a door."""
        random = self._random
        door = random.choice(
            (*(f"voice/{door}" for door in DOORS), "voice/status", "recording", "conference")
        )
        known = random.random() < 0.95
        if not known:
            door = random.choice(
                ("", "voice/", "voice", "voice/nothing", quote("../admin"), "%00", "voice/status/x")
            )
        query = {}
        if random.random() < 0.6:
            query["c"] = self._sid("CA") if random.random() < 0.8 else random.choice(WORDS)
        if random.random() < 0.3:
            query["a"] = random.choice(NUMBERS)
        if random.random() < 0.05:
            query["AccountSid"] = self._account
        return f"/twilio/{door}" + (f"?{urlencode(query)}" if query else ""), known

    def _fields(self) -> list[tuple[str, str]]:
        random = self._random
        made = [(name, self._sid(prefix)) for name, prefix in SIDS.items() if random.random() < 0.5]
        made += [(name, random.choice(values)) for name, values in FIELDS.items() if random.random() < 0.5]
        if random.random() < 0.9:
            made.append(("CallSid", self._sid("CA")))
        if random.random() < 0.9:
            made.append(("AccountSid", self._account))
        if random.random() < 0.1:
            made.append(("AccountSid", random.choice(("AC" + "f" * 32, "", *WORDS))))
        made += [(random.choice(WORDS), random.choice(WORDS)) for _ in range(random.choice((0, 0, 1, 5)))]
        if random.random() < 0.1:
            made += random.sample(made, len(made) // 2)
        if random.random() < 0.01:
            made += [(f"f{number}", "x") for number in range(3_000)]
        if random.random() < 0.005:
            made.append(("Body", "長" * 200_000))
        random.shuffle(made)
        return made

    def _sid(self, prefix: str) -> str:
        if self._random.random() < 0.1:
            return self._random.choice(WORDS)
        return f"{prefix}{self._asked // 8 + self._random.randrange(8):032x}"

    def _other_body(self) -> tuple[str, bytes]:
        random = self._random
        kind = random.choice(
            ("application/json", "text/plain", "multipart/form-data; boundary=x", "", "nonsense", FORM)
        )
        return kind + " ", random.choice(
            (b"", b"{}", b"\xff\xfe\x00", b"--x\r\n", b"%", b"a=%ff&b=%00&&=&", b"x" * 99_999)
        )
