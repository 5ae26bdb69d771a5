"""The rules of the call center, one by one, as `test_rules.py` has those of the core."""

from __future__ import annotations

from flask import Flask

from call_center import matching
from crm_admin import policy, records, registry
from tests.people import Person


def test_a_caller_is_known_to_who_may_see_them(crm: Flask) -> None:
    rep, rep2 = Person(crm, "rep"), Person(crm, "rep2")
    mobile = registry.entity("contact").fields["mobile"]
    number = mobile.kind.parse("+84 24 7100 0123", mobile, records.reader(policy.SYSTEM))
    contact = rep2.owns("contact", given_name="Quiet", mobile=number)
    assert [found.id for found in matching.candidates("+842471000123", "VN", actor=rep2.actor)] == [
        contact.id
    ]
    assert matching.candidates("+842471000123", "VN", actor=rep.actor) == []
