"""A currency the company deals in, with its rate."""

from __future__ import annotations

from babel.numbers import get_currency_precision, is_currency

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef, Record, Section, define, fields, make


class Currency(Record):
    def derive(self, reader: Reader) -> None:
        # How many decimals a currency has is a fact of ISO 4217: amounts are stored in these minor units.
        self.decimals = get_currency_precision(self.code) if self.code else None

    def check(self, reader: Reader) -> dict[str, str]:
        if self.code and not is_currency(self.code):
            return {"code": gettext("There is no currency “%(code)s” in ISO 4217.", code=self.code)}
        return {}


CURRENCY = define(
    EntityDef(
        key="currency",
        model=Currency,
        label=lazy_gettext("Currency"),
        plural=lazy_gettext("Currencies"),
        icon="coin",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        title="code",
        default_sort="code",
        fields=fields(
            make(
                "code",
                "text",
                lazy_gettext("Code"),
                help=lazy_gettext("Three capital letters of ISO 4217, such as VND."),
                required=True,
                unique=True,
                searchable=True,
                max_length=3,
                pattern="[A-Z]{3}",
                pattern_message=lazy_gettext("Give three capital letters, such as VND."),
            ),
            make("name", "text", lazy_gettext("Name"), required=True, searchable=True, max_length=80),
            make("symbol", "text", lazy_gettext("Symbol"), max_length=8, sortable=False),
            make("decimals", "integer", lazy_gettext("Decimals"), system=True),
            make(
                "rate",
                "decimal",
                lazy_gettext("Rate"),
                help=lazy_gettext("What one unit is worth in the company's currency."),
                decimals=8,
                minimum=0,
            ),
            make("active", "flag", lazy_gettext("Active"), default=True),
        ),
        list_columns=("code", "name", "symbol", "decimals", "rate", "active"),
        sections=(Section(lazy_gettext("Currency"), ("code", "name", "symbol", "rate", "active")),),
        header=("name", "symbol", "rate", "active"),
        quick=("code", "name", "symbol", "rate"),
    )
)
