"""The form fields of the requests about a call."""

from __future__ import annotations

from call_center.carrier.leg import Leg

API_VERSION = "2010-04-01"

# Country of a number by its prefix: what the FromCountry and ToCountry of most callers need, not a numbering plan.
COUNTRIES = {
    "1": "US", "7": "RU", "33": "FR", "34": "ES", "39": "IT", "44": "GB", "49": "DE", "55": "BR", "60": "MY",
    "61": "AU", "62": "ID", "63": "PH", "65": "SG", "66": "TH", "81": "JP", "82": "KR", "84": "VN", "86": "CN",
    "91": "IN", "852": "HK", "855": "KH", "856": "LA", "886": "TW",
}  # fmt: skip

Fields = list[tuple[str, str]]


def country(number: str) -> str:
    """Two letters for an E.164 number; empty where it is unknown or no number at all."""
    if not number.startswith("+"):
        return ""
    return next((COUNTRIES[number[1:n]] for n in (4, 3, 2) if number[1:n] in COUNTRIES), "")


def call_status(leg: Leg) -> str:
    """The status as callbacks name it: a dialled call that does not ring yet is `initiated`, not `queued`."""
    return "initiated" if leg.status == "queued" and leg.dialed else leg.status


def call_fields(leg: Leg) -> Fields:
    """Which call, between whom, in which state."""
    fields = [
        ("AccountSid", leg.account_sid),
        ("ApiVersion", API_VERSION),
        ("CallSid", leg.sid),
        ("CallStatus", call_status(leg)),
        ("Called", leg.to),
        ("Caller", leg.from_),
        ("Direction", leg.direction),
        ("From", leg.from_),
        ("To", leg.to),
    ]
    for who, number in (("From", leg.from_), ("Caller", leg.from_), ("To", leg.to), ("Called", leg.to)):
        if number.startswith("+"):
            fields += [
                (f"{who}Country", country(number)),
                (f"{who}State", ""),
                (f"{who}City", ""),
                (f"{who}Zip", ""),
            ]
    if leg.parent is not None:
        fields.append(("ParentCallSid", leg.parent.sid))
    if leg.forwarded_from:
        fields.append(("ForwardedFrom", leg.forwarded_from))
    if leg.answered_by:
        fields.append(("AnsweredBy", leg.answered_by))
    fields += leg.extra.items()
    return fields


def with_extra(fields: Fields, extra: Fields) -> Fields:
    """The fields and further ones, of which none may stand in for what is known of the call."""
    known = {name for name, _ in fields}
    return fields + [(name, value) for name, value in extra if name not in known]
