"""`crm seed --calls`: calls by rows, as if they had been made."""

from __future__ import annotations

from flask import Flask

from call_center import bulk_calls
from call_center.models.call import Call
from call_center.models.call_leg import CallLeg
from crm_admin import history, policy, records
from crm_admin.kinds.phone import Phone, PhoneIndex
from tests.people import Person


def test_seeded_calls_stand_in_the_log_and_in_the_history(crm: Flask) -> None:
    number = Phone("+84912345678", "+84912345678", "")
    mai = records.create(
        policy.SYSTEM, "contact", {"family_name": "Trần", "given_name": "Mai", "mobile": number}
    )
    assert bulk_calls.seed(crm.extensions["crm"], calls=40) == 40
    assert (Call.select().count(), CallLeg.select().count()) == (40, 40)
    lines, _ = history.timeline(policy.SYSTEM, "contact", mai.id, kinds=["call"], limit=50)
    assert len(lines) == 40
    assert PhoneIndex.select().where(PhoneIndex.entity == "call").count() == 0
    page = Person(crm, "supervisor").get("/admin/call/?status=completed")
    assert "Trần Mai" in page.text
    some = Call.select().order_by(Call.id.desc()).first()
    assert records.get(policy.SYSTEM, "call", some.id).uid == some.uid
