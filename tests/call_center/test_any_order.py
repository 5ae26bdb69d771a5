"""Whatever the network does to the notices of a call — any order, any repetition — the same rows come of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask

from call_center import call_log
from call_center.models.call import Call
from call_center.models.call_event import CallEvent
from call_center.models.call_leg import CallLeg
from call_center.models.recording import Recording
from crm_admin import clock, history, policy, records
from crm_admin.history import HistoryLine
from crm_admin.kinds.phone import Phone
from tests.call_center.provider import NOON
from tests.call_center.scenarios import CUSTOMER, OUTGOING, SCENARIOS, Told
from tests.people import Person

SEQUENCES = int(os.environ.get("CRM_SEQUENCES", "120"))
"""How many shuffled sequences each database sees; the proof is made with 5,000."""

OF_CALL = (
    *("direction", "status", "agent", "contact", "waited_s", "talked_s", "recorded", "synthesised"),
    *("started_at", "answered_at", "ended_at"),
)
OF_LEG = ("role", "user", "caller", "callee", "status", "started_at", "answered_at", "ended_at", "duration_s")


@pytest.fixture
def company(crm: Flask) -> Iterator[int]:
    """A customer with a telephone, at noon; the id of an agent."""
    values = {"family_name": "Trần", "given_name": "Mai", "mobile": Phone(CUSTOMER, CUSTOMER, "")}
    records.create(policy.SYSTEM, "contact", values)
    with clock.at(NOON):
        yield Person(crm, "agent").id


class Teller:
    """Has calls told, each under identifiers of its own."""

    def __init__(self, agent: int) -> None:
        self.agent = agent
        self.count = 0

    def begin(self, name: str) -> Told:
        self.count += 1
        root = f"CA{self.count:030x}00"
        uid = ""
        if name in OUTGOING:
            uid = f"uid-{self.count}"
            number = Phone(CUSTOMER, CUSTOMER, "")
            asked = {"direction": "outbound", "status": "requested", "number": number, "agent": self.agent}
            internal = {**asked, "started_at": NOON, "name": "Mai", "contact": 1, "caller_check": "unknown"}
            call = records.create(policy.SYSTEM, "call", {}, internal=internal)
            Call.update(uid=uid, thread=uid if "telephone" in name else None).where(
                Call.id == call.id
            ).execute()
        told = Told(root, NOON, agent=self.agent, uid=uid)
        SCENARIOS[name][0](told)
        return told

    def tell(self, told: Told, order: list[int]) -> Any:
        thread = told.uid if (told.uid and "outbound-api" in str(told.notices)) else told.root
        for place in order:
            kind, facts = told.notices[place]
            noted = call_log.note(kind, facts, thread=thread, country="VN")
        return noted.call

    def outcome(self, call: Call) -> tuple[Any, ...]:
        """All that came of a call, without what is its own by chance."""
        row = Call.get_by_id(call.id)
        legs = sorted(
            (leg.sid[-2:], *(str(getattr(leg, key)) for key in OF_LEG))
            for leg in CallLeg.select().where(CallLeg.call == call.id)
        )
        sounds = sorted(
            (r.kind, r.state, r.duration_s) for r in Recording.select().where(Recording.call == call.id)
        )
        lines = list(HistoryLine.select().where(HistoryLine.source == f"call:{call.id}"))
        told = [(line.kind, line.at, line.data.get("status"), line.data.get("talked_s")) for line in lines]
        return tuple(getattr(row, key) for key in OF_CALL), legs, sounds, told


def test_any_order_gives_the_same_rows_and_one_line(company: int) -> None:
    teller, rng = Teller(company), Random(1)
    straight = {}
    for name, (_, status) in SCENARIOS.items():
        told = teller.begin(name)
        straight[name] = teller.outcome(teller.tell(told, list(range(len(told.notices)))))
        assert straight[name][0][1] == status, name
        assert len(straight[name][3]) == 1, name
    names = list(SCENARIOS)
    for number in range(SEQUENCES):
        name = names[number % len(names)]
        told = teller.begin(name)
        order = list(range(len(told.notices)))
        order += rng.sample(order, rng.randint(0, len(order) // 2))
        rng.shuffle(order)
        assert teller.outcome(teller.tell(told, order)) == straight[name], (name, order)
    threads = Call.select(Call.thread).where(Call.thread.is_null(False)).count()
    assert threads == Call.select().count() == teller.count


def test_the_log_told_again_to_empty_tables_gives_equal_rows(company: int) -> None:
    teller = Teller(company)
    made = {}
    for name in SCENARIOS:
        if name not in OUTGOING:  # what people asked for is not in the provider's log
            told = teller.begin(name)
            call = teller.tell(told, list(range(len(told.notices))))
            made[call.thread] = teller.outcome(call)
    events = [(e.kind, e.facts, e.thread) for e in CallEvent.select().order_by(CallEvent.id)]
    for table in (Recording, CallLeg, history.HistorySubject, HistoryLine, Call, CallEvent):
        table.delete().execute()
    with clock.at(NOON + timedelta(0)):
        for kind, facts, thread in reversed(events):
            call_log.note(kind, facts, thread=thread, country="VN")
    assert {call.thread: teller.outcome(call) for call in Call.select()} == made
