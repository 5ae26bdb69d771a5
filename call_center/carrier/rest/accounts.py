"""The account itself: what a check of the credentials asks for."""

from __future__ import annotations

from typing import Any

from call_center.carrier.rest.request import Request
from call_center.carrier.rest.shape import BASE, ROOT


def fetch(request: Request) -> tuple[int, Any]:
    account = request.network.account
    return 200, {
        "sid": account.sid,
        "friendly_name": "Carrier simulator",
        "status": "active",
        "type": "Full",
        "owner_account_sid": account.sid,
        "auth_token": account.token,
        "date_created": None,
        "date_updated": None,
        "uri": f"{ROOT}/{account.sid}.json",
        "subresource_uris": {},
    }


def balance(request: Request) -> tuple[int, Any]:
    return 200, {"account_sid": request.network.account.sid, "balance": "100.00", "currency": "USD"}


ROUTES = (
    ("GET", ROOT + "/{account}.json", fetch),
    ("GET", BASE + "/Balance.json", balance),
)
