"""Webhooks nobody would think of: names and values at random, always the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

NAMES = (
    "CallSid",
    "CallStatus",
    "Digits",
    "From",
    "To",
    "Caller",
    "SpeechResult",
    "Reason",
    "ReasonConferenceEnded",
)
ODD_NAMES = ("a.b", "x[0]", "Media Url", "ñame", "名", "bodySHA256", "q'uote", 'd"quote', "a+b", "a&b=c")
PIECES = (
    "+84901234567",
    "0",
    "",
    " ",
    "  two  spaces ",
    "+",
    "%2B",
    "%",
    "&",
    "=",
    "a=b&c=d",
    "'",
    '"',
    "`",
    "<Say>",
    "\\",
    "\n",
    "\r\n",
    "\t",
    "Nguyễn Thị Ánh",
    "Nguye\u0302\u0303n",
    "王伟，你好",
    "０１２",
    "\u200f",
    "\x00",
)
# Node sorts by UTF-16 units and Python by code points, which differ beyond these; so it stands in no sorted place.
EMOJI = "\U0001f4de"
HOSTS = ("crm.example.com", "127.0.0.1", "localhost", "xn--hong-9oa.example.vn")
SEGMENTS = ("twilio", "voice", "inbound", "a%20b", "%C3%A9", "x;y=1", "~me", "a+b", "it's", "(1)")


@dataclass(frozen=True)
class Webhook:
    """A request as the provider makes it: a form, or with `body` JSON, whose hash stands in the query."""

    url: str
    params: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None


def webhooks(seed: int, count: int) -> Iterator[Webhook]:
    """`count` requests, a fifth of them JSON."""
    dice = random.Random(seed)
    for number in range(count):
        url = _url(dice)
        if number % 5 == 4:
            body = "".join(dice.choices((*PIECES, EMOJI, '{"a": 1}', "[]"), k=dice.randrange(6)))
            yield Webhook(_with(url, f"bodySHA256={sha256(body.encode()).hexdigest()}"), body=body)
        else:
            yield Webhook(url, params=_params(dice))


def tampered(webhook: Webhook, dice: random.Random) -> Webhook:
    """The same request with one thing changed on its way."""
    if webhook.body is not None and dice.random() < 0.5:
        return Webhook(webhook.url, body=f"{webhook.body} ")
    if not webhook.params:
        return Webhook(_with(webhook.url, "more=1"), body=webhook.body)
    params = list(webhook.params)
    place = dice.randrange(len(params))
    name, value = params[place]
    changes = (
        lambda: params.append(("Added", "1")),
        lambda: params.__setitem__(place, (name, f"{value}0")),
        lambda: params.__setitem__(place, (f"{name}0", value)),
        lambda: params.__setitem__(slice(None), [pair for pair in params if pair[0] != name]),
    )
    dice.choice(changes)()
    return Webhook(webhook.url, params)


def _with(url: str, parameter: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


def _url(dice: random.Random) -> str:
    scheme = dice.choice(("http", "https"))
    port = dice.choice(("", "", ":8080", ":1"))
    path = "".join(f"/{segment}" for segment in dice.choices(SEGMENTS, k=dice.randrange(4)))
    names = dice.sample(("o", "foo", "bar"), dice.randrange(4))
    query = "&".join(
        f"{name}={quote(dice.choice(PIECES), safe=dice.choice(('', '+' + chr(39))))}" for name in names
    )
    return f"{scheme}://{dice.choice(HOSTS)}{port}{path or '/'}{'?' if query else ''}{query}"


def _params(dice: random.Random) -> list[tuple[str, str]]:
    params = [(name, "".join(dice.choices(PIECES, k=dice.randrange(4)))) for name in _names(dice)]
    if dice.random() < 0.3:
        params.append(("Body", EMOJI.join(dice.choices(PIECES, k=2))))
    return params


def _names(dice: random.Random) -> list[str]:
    names = dice.choices((*NAMES, *ODD_NAMES), k=dice.randrange(8))
    dice.shuffle(names)
    return names
