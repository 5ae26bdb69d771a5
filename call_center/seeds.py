"""Calls of a demo company: told as the provider would have told of them, and written down the usual way."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from call_center import call_log
from call_center.models.call import Call
from call_center.models.phone_line import PHONE_LINE
from crm_admin import policy, records, registry
from crm_admin.config import Config
from crm_admin.kinds import phone
from crm_admin.seeds.diary import Diary

CALLS = 260
DAYS = 60
SEED = 7
CALLERS = 12

NOTES: dict[str, tuple[tuple[str, str], ...]] = {
    "vi": (
        ("resolved", "Máy pha cà phê báo lỗi áp suất, đã hướng dẫn xả van, chạy lại bình thường."),
        ("order", "Hỏi giá máy xay hai phễu, cần báo giá trước thứ Sáu."),
        ("appointment", "Hẹn kỹ thuật viên đến vệ sinh máy sáng thứ Ba."),
        ("information", "Hỏi thời gian bảo hành còn lại của tủ lạnh trưng bày."),
        ("complaint", "Giao hàng trễ hai ngày, khách không hài lòng, đã xin lỗi và hẹn lại."),
    ),
    "en": (
        ("information", "Asked when the spare gasket arrives; told them Thursday."),
        ("order", "Wants a second grinder, same model; send a quote."),
        ("resolved", "Steamer would not start: the water tank sensor was dirty."),
    ),
    "zh": (
        ("information", "询问咖啡机保养周期，已说明每三个月一次。"),
        ("order", "想再订两台磨豆机，请发报价。"),
    ),
}


@dataclass(frozen=True)
class Party:
    """A customer with a telephone."""

    contact: int
    name: str
    number: str
    language: str


def enter_calls(config: Config, line: str, diary: Diary) -> None:
    """Set up a queue and a number, and enter two months of calls with customers in the diary."""
    rng = Random(SEED)  # noqa: S311 — a story, not a secret
    team, agents = answering()
    queue = records.create(
        policy.SYSTEM, "queue", {"name": "Hotline", "team": team, "recording": "announced", "language": "vi"}
    )
    number = phone.read(line, config.company.country)
    values = {"name": "Hotline", "number": number, "queue": queue.id, "outbound": True}
    records.create(policy.SYSTEM, PHONE_LINE.key, values)
    records.create(policy.SYSTEM, "calling_rule", {"country": "VN", "per_day": 5, "recording": "announced"})
    for _ in range(CALLS):
        at = office_moment(rng, config, diary.until)
        diary.enter(at, partial(_happen, config, rng, line, rng.choice(agents), at))


def suggested() -> list[dict[str, str]]:
    """Whom to play on the carrier's page: customers whose number is theirs alone."""
    parties = parties_with_numbers()
    chosen = Random(SEED).sample(parties, min(CALLERS, len(parties)))  # noqa: S311 — as above
    return [{"name": party.name, "number": party.number} for party in chosen]


def _happen(config: Config, rng: Random, line: str, agent: int, at: datetime) -> None:
    """One call, with whoever is a customer by then."""
    parties = parties_with_numbers()
    if parties:
        _tell(config, rng, rng.choice(parties), line, agent, at)


def answering() -> tuple[int | None, list[int]]:
    """The team that answers, and its agents; of a company without agents, whoever there is."""
    user, role = registry.entity("user").model, registry.entity("role").model
    wanted = ("agent", "supervisor")
    rows = list(
        user.select(user.id)
        .join(role, on=(user.role == role.id))
        .where(role.key.in_(wanted), user.active)
        .order_by(user.id)
    )
    shared = frozenset[int]().union(*(policy.teams_of(row.id) for row in rows))
    teams = sorted(team for team in shared if all(team in policy.teams_of(row.id) for row in rows))
    everybody = [row.id for row in rows] or [row.id for row in user.select(user.id).limit(1)]
    return (teams[0] if teams else None), everybody


def parties_with_numbers() -> list[Party]:
    """The first customers whose number is theirs alone."""
    contact = registry.entity("contact").model
    rows = (
        contact.select(contact.id, contact.name, contact.mobile_e164, contact.phone_e164)
        .where(contact.mobile_e164.is_null(False) | contact.phone_e164.is_null(False))
        .order_by(contact.id)
        .limit(300)
    )
    found = [Party(row.id, row.name, row.mobile_e164 or row.phone_e164, _language(row.name)) for row in rows]
    times = Counter(party.number for party in found)
    return [party for party in found if times[party.number] == 1]


def _language(name: str) -> str:
    if any("\u4e00" <= letter <= "\u9fff" for letter in name):
        return "zh"
    return "en" if name.isascii() else "vi"


def office_moment(rng: Random, config: Config, until: datetime) -> datetime:
    """Some moment of office hours in the last weeks (UTC)."""
    zone = ZoneInfo(config.company.timezone)
    today = until.replace(tzinfo=UTC).astimezone(zone)
    day = today - timedelta(days=rng.randint(1, DAYS))
    if day.isoweekday() == 7:
        day -= timedelta(days=1)
    local = day.replace(hour=rng.randint(8, 17), minute=rng.randint(0, 59), second=rng.randint(0, 59))
    return local.astimezone(UTC).replace(tzinfo=None)


def _tell(config: Config, rng: Random, party: Party, line: str, agent: int, at: datetime) -> None:
    fate = rng.choices(("answered", "missed", "message", "out", "out_none"), (46, 9, 5, 32, 8))[0]
    wait, talk = rng.randint(4, 40), max(15, round(rng.lognormvariate(5.0, 0.6)))
    root, child = _sid(rng), _sid(rng)
    out = fate.startswith("out")
    ours = f"client:agent_{agent}"
    caller = {"From": ours, "To": ""} if out else {"From": party.number, "To": line}
    facts = {"AccountSid": "AC" + "5" * 32, "CallSid": root, "Direction": "inbound", **caller}
    call = _asked(rng, party, line, agent, at) if out else None

    def note(kind: str, after: int, **said: Any) -> None:
        stamp = format_datetime((at + timedelta(seconds=after)).replace(tzinfo=UTC))
        told = {**facts, **{key: str(value) for key, value in said.items()}, "Timestamp": stamp}
        call_log.note(kind, told, thread=root, country=config.company.country)

    note("outbound" if out else "voice", 0, CallStatus="ringing", **({"_request": call.uid} if call else {}))
    ended = wait + talk if fate in ("answered", "out") else wait + 20
    if fate in ("answered", "out"):
        leg = {"CallSid": child, "ParentCallSid": root, "Direction": "outbound-dial"}
        leg |= {"From": line, "To": party.number} if out else {"From": party.number, "To": ours}
        note("status", wait, CallStatus="in-progress", SequenceNumber=2, **leg)
        note("status", ended, CallStatus="completed", SequenceNumber=3, CallDuration=talk, **leg)
    elif fate == "out_none":
        leg = {"CallSid": child, "ParentCallSid": root, "From": line, "To": party.number}
        note("status", wait + 20, CallStatus="no-answer", SequenceNumber=3, **leg)
    elif fate == "message":
        note("voicemail", ended - 1, RecordingDuration=rng.randint(5, 40))
    note("status", ended + 1, CallStatus="completed", SequenceNumber=0, CallDuration=ended + 1)
    if fate in ("answered", "out") and rng.random() < 0.8:
        made = Call.get(Call.thread == root)
        outcome, text = rng.choice(NOTES[party.language])
        records.update(policy.SYSTEM, made, {"disposition": outcome, "note": text})


def _asked(rng: Random, party: Party, line: str, agent: int, at: datetime) -> Call:
    """The row of an outgoing call, as it is when an agent has asked for it."""
    contact = registry.entity("contact").model
    account = contact.select(contact.account).where(contact.id == party.contact).scalar()
    ours = PHONE_LINE.model
    internal = {
        "direction": "outbound",
        "status": "requested",
        "name": party.name,
        "number": phone.read(party.number, "VN"),
        "certainty": "exact",
        "agent": agent,
        "owner": agent,
        "line": ours.select(ours.id).where(ours.number_e164 == line).scalar(),
        "started_at": at,
        "contact": party.contact,
        "account": account,
        "caller_check": "unknown",
    }
    made = records.create(policy.SYSTEM, "call", {}, internal=internal)
    assert isinstance(made, Call)
    # Made up from the dice, so that the demo is the same every time.
    made.uid = base64.urlsafe_b64encode(hashlib.sha256(rng.randbytes(8)).digest()[:12]).decode()
    made.created_by = agent
    made.save()
    return made


def _sid(rng: Random) -> str:
    return f"CA{rng.getrandbits(128):032x}"
