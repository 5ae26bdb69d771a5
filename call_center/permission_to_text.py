"""Whether a number may be sent a text message now: its owner's wish, and the hours of its country."""

from __future__ import annotations

from babel.dates import format_time

from call_center.models import text_opt_out
from call_center.models.calling_rule import of_country
from call_center.permission_to_call import Refusal, local_time, within
from call_center.routing import country_of
from crm_admin.i18n import babel_locale, gettext


def refusal(e164: str, *, company_zone: str, language: str) -> Refusal | None:
    """Why nothing may be sent to `e164` at this moment, None when it may. `rule`: opted_out | hours."""
    if text_opt_out.since(e164) is not None:
        return Refusal("opted_out", gettext("This number has asked for no more text messages."))
    rule = of_country(country_of(e164))
    if rule is None or rule.calls_from is None:
        return None
    now = local_time(e164, company_zone).time()
    if within(now, rule.calls_from, rule.calls_until):
        return None
    locale = babel_locale(language)
    return Refusal(
        "hours",
        gettext(
            "It is %(now)s there. Text messages are sent between %(start)s and %(end)s.",
            now=format_time(now, "short", locale=locale),
            start=format_time(rule.calls_from, "short", locale=locale),
            end=format_time(rule.calls_until, "short", locale=locale),
        ),
    )
