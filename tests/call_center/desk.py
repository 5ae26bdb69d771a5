"""What the tests of the agent desk have in common: a customer with a story, people at phones, whole calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from call_center.models.call import Call
from crm_admin import history, policy, records, registry
from crm_admin.kinds.phone import Phone
from crm_admin.kinds.place import Place
from crm_admin.kinds.subject import Ref
from tests.call_center.provider import NOON, Caller, sid
from tests.people import Person

BINH = "+84901234500"
TAB = "tab-of-the-tests"


def number(e164: str) -> Phone:
    return Phone(e164, e164, "")


def _make(entity: str, **values: Any) -> Any:
    return records.create(policy.SYSTEM, entity, values)


def customer(**more: Any) -> Any:
    """Bình, who manages a café, with a story."""
    place = Place(street="12 Lê Lợi", city="Huế", country="VN")
    cafe = _make("account", name="Đèn Tím", type="customer", tier="A", address=place)
    values = {"family_name": "Nguyễn", "given_name": "Bình", "job_title": "Quản lý", "mobile": number(BINH)}
    binh = _make("contact", **values, account=cafe.id, **more)
    _make("case", subject="Máy rò nước", contact=binh.id)
    _make("opportunity", name="Bảo trì 2027", account=cafe.id)
    team = registry.entity("team").model.get(name="Call center").id
    about = {"regarding": Ref("account", cafe.id), "starts_at": NOON + timedelta(days=2), "team": team}
    _make("meeting", subject="Ghé thăm", **about)
    for word in ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy"):
        _make("note", body=f"Chuyện {word}", regarding=Ref("contact", binh.id))
    return binh


def sit(person: Person) -> dict[str, Any]:
    """Sign on with the browser's phone; how they stand then."""
    answer = person.post("/call-center/sign-on/", {"device": "browser", "tab": TAB})
    assert answer.status_code == 200, answer.text
    return answer.json or {}


def answer(caller: Caller) -> str:
    """The phone that rings is picked up; the leg's SID."""
    child = sid()
    for sequence, (status, after) in enumerate((("initiated", 0), ("ringing", 1), ("in-progress", 4))):
        caller.leg(status, child, after, sequence)
    return child


def talked(caller: Caller, seconds: int = 60) -> Call:
    """The whole call: picked up, talked, ended."""
    child = answer(caller)
    caller.leg("completed", child, 4 + seconds, 3, CallDuration=str(seconds))
    caller.ended(5 + seconds, 5 + seconds)
    return Call.get(Call.provider_sid == caller.sid)


def lines(entity: str, record: Any) -> list[history.Line]:
    return history.timeline(policy.SYSTEM, entity, record.id, kinds=["call"])[0]
