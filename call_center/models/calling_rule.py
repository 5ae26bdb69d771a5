"""What the law of a country, or good manners, asks of who calls there."""

from __future__ import annotations

from call_center.models.queue import RECORDING
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.entities.values import put
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Record, Section, define, fields, make


class CallingRule(Record):
    class Meta:
        table_name = "calling_rule"

    def derive(self, reader: Reader) -> None:
        if self.country:
            put(self, "country", self.country.upper())
        put(self, "name", self.country)

    def check(self, reader: Reader) -> dict[str, str]:
        if self.calls_from is not None and self.calls_until is not None:
            if self.calls_until <= self.calls_from:
                return {"calls_until": gettext("This is before the first call.")}
        elif (self.calls_from is None) != (self.calls_until is None):
            return {"calls_until": gettext("Give both ends of the time, or neither.")}
        return {}


_of_country = CompiledQuery(
    CallingRule,
    lambda: CallingRule.select().where(
        CallingRule.country == slot("country"), CallingRule.deleted_at.is_null()
    ),
)


def of_country(country: str) -> CallingRule | None:
    """The rule of a country (ISO 3166-1, two letters), None where nothing was laid down."""
    return _of_country.first(country=country.upper())


CALLING_RULE = define(
    EntityDef(
        key="calling_rule",
        model=CallingRule,
        label=lazy_gettext("Calling rule"),
        plural=lazy_gettext("Calling rules"),
        icon="shield-check",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), system=True, max_length=80),
            make(
                "country",
                "text",
                lazy_gettext("Country"),
                required=True,
                unique=True,
                max_length=2,
                pattern="[A-Za-z]{2}",
                pattern_message=lazy_gettext("Two letters, like VN or CN."),
                examples=("VN", "CN", "US"),
            ),
            make(
                "calls_from",
                "time",
                lazy_gettext("We call from"),
                help=lazy_gettext("On the clock of the person who is called."),
            ),
            make("calls_until", "time", lazy_gettext("We call until")),
            make(
                "per_day",
                "integer",
                lazy_gettext("Calls to one number a day"),
                help=lazy_gettext("At most so many in 24 hours. Empty: no limit."),
                minimum=1,
                maximum=100,
            ),
            make(
                "recording",
                "choice",
                lazy_gettext("Recording at most"),
                choices=RECORDING,
                required=True,
                default="announced",
            ),
            make(
                "announcement",
                "longtext",
                lazy_gettext("Announcement before recording"),
                help=lazy_gettext("Empty: the usual sentence in the caller's language."),
                max_length=500,
            ),
        ),
        list_columns=("name", "calls_from", "calls_until", "per_day", "recording"),
        sections=(
            Section(lazy_gettext("When we may call"), ("country", "calls_from", "calls_until", "per_day")),
            Section(lazy_gettext("Recording"), ("recording", "announcement")),
        ),
        header=("calls_from", "calls_until", "recording"),
        quick=("country", "calls_from", "calls_until"),
        module="call_center",
    )
)
