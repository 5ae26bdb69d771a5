"""Whether a number may be called now: what the law of its country, the customer's own wish and good sense ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_time
from phonenumbers import PhoneNumberType, shortnumberinfo

from call_center.models.call import Call
from call_center.models.calling_rule import of_country
from call_center.routing import country_of
from crm_admin import clock, registry
from crm_admin.i18n import babel_locale, gettext
from crm_admin.kinds import phone

_DEAR = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
_WITH_WISHES = ("contact", "lead", "account")


@dataclass(frozen=True)
class Refusal:
    """Why a number may not be called. `rule`: short | premium | do_not_call | hours | per_day."""

    rule: str
    text: str


def refusal(e164: str, *, company_zone: str, language: str) -> Refusal | None:
    """Why `e164` may not be called at this moment, None when it may. Asked when the call is about to be made."""
    number = phonenumbers.parse(e164, None)
    if shortnumberinfo.is_emergency_number(f"{number.national_number}", country_of(e164) or "VN"):
        return Refusal("short", gettext("Emergency numbers are dialled from a telephone, not from here."))
    if phonenumbers.number_type(number) in _DEAR:
        return Refusal("premium", gettext("Calls to this number cost extra. They are not made from here."))
    if wants_no_calls(e164):
        return Refusal("do_not_call", gettext("This customer has asked not to be called."))
    rule = of_country(country_of(e164))
    if rule is None:
        return None
    local = local_time(e164, company_zone)
    if rule.calls_from is not None and not within(local.time(), rule.calls_from, rule.calls_until):
        locale = babel_locale(language)
        return Refusal(
            "hours",
            gettext(
                "It is %(now)s there. Calls are made between %(start)s and %(end)s.",
                now=format_time(local.time(), "short", locale=locale),
                start=format_time(rule.calls_from, "short", locale=locale),
                end=format_time(rule.calls_until, "short", locale=locale),
            ),
        )
    if rule.per_day is not None and calls_today(e164) >= rule.per_day:
        return Refusal(
            "per_day",
            gettext("This number was called %(count)s times in 24 hours: no more today.", count=rule.per_day),
        )
    return None


def within(now: time, start: time, end: time) -> bool:
    """Whether `now` lies in [start, end)."""
    return start <= now < end


def local_time(e164: str, otherwise: str) -> datetime:
    """The clock of who has that number; of a country with several zones the first, of none `otherwise` (IANA)."""
    from phonenumbers import timezone  # noqa: PLC0415 — its tables take 30 ms of every start

    zones = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    name = next((zone for zone in zones if zone != "Etc/Unknown"), otherwise)
    return clock.now().replace(tzinfo=UTC).astimezone(ZoneInfo(name))


def wants_no_calls(e164: str) -> bool:
    """Whether any customer with this very number asked not to be called, whoever may see that customer."""
    for match in phone.lookup(e164, country_of(e164) or "VN"):
        if match.entity in _WITH_WISHES and match.certainty == "exact":
            model = registry.entity(match.entity).model
            asked = model.select(model.id).where(
                model.id == match.record_id, model.do_not_call, model.deleted_at.is_null()
            )
            if asked.exists():
                return True
    return False


def calls_today(e164: str) -> int:
    """How often the number was rung by the company in the last 24 hours."""
    rung = Call.select().where(
        Call.number_e164 == e164,
        Call.direction == "outbound",
        Call.started_at > clock.ago(hours=24),
        Call.status != "cancelled",
    )
    return int(rung.count())
