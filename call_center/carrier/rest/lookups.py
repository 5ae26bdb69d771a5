"""Lookups v2: what kind of number it is, as far as its form tells."""

from __future__ import annotations

from typing import Any

from call_center.carrier.parameters import country
from call_center.carrier.rest.request import E164, Request

PACKAGES = (
    "caller_name", "sim_swap", "call_forwarding", "line_type_intelligence", "line_status", "identity_match",
    "reassigned_number", "sms_pumping_risk", "phone_number_quality_score", "pre_fill",
)  # fmt: skip


def fetch(request: Request) -> tuple[int, Any]:
    """A number that is none is answered as well, as not valid."""
    number = "".join(letter for letter in request.part("sid") if letter in "+0123456789")
    valid = E164.match(number) is not None and bool(country(number))
    fields = set(request.asked("Fields").split(","))
    body: dict[str, Any] = dict.fromkeys(PACKAGES)
    if valid and "line_type_intelligence" in fields:
        body["line_type_intelligence"] = {
            "type": "mobile", "carrier_name": "Simulated", "mobile_country_code": None, "mobile_network_code": None,
            "error_code": None,
        }  # fmt: skip
    if valid and "caller_name" in fields:
        body["caller_name"] = {"caller_name": None, "caller_type": None, "error_code": None}
    code = next((n for n in (4, 3, 2) if country(number) and country(number[:n])), 2)
    return 200, body | {
        "calling_country_code": number[1:code] if valid else None,
        "country_code": country(number) or None,
        "phone_number": number,
        "national_format": f"0{number[code:]}" if valid else None,
        "valid": valid,
        "validation_errors": []
        if valid
        else ["INVALID_COUNTRY_CODE" if number.startswith("+") else "NOT_A_NUMBER"],
        "url": f"https://lookups.twilio.com/v2/PhoneNumbers/{number}",
    }


ROUTES = (("GET", "/v2/PhoneNumbers/{sid}", fetch),)
