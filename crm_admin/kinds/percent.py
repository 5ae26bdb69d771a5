"""A share in per cent: 12.5 means 12.5 %."""

from __future__ import annotations

from typing import Any

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, Raw, Reader, register
from crm_admin.kinds.decimal import DecimalKind
from crm_admin.kinds.numerals import plain


class PercentKind(DecimalKind):
    """The value is the number before the sign. Options as for decimal; 0 to 100 unless they say otherwise."""

    name = "percent"
    label = lazy_gettext("Percentage")
    icon = "percentage"

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Any:
        if isinstance(raw, str):
            text = plain(raw)
            raw = text.removesuffix("%").rstrip() or text
        return super().accept(raw, field, reader)

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        number = super().format(value, field, reader)
        if not number:
            return ""
        return f"{number}\u00a0%" if reader.language == "vi" else f"{number}%"

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return super().format(value, field, reader)

    def _bound(self, field: FieldDef, name: str) -> Any:
        found = super()._bound(field, name)
        if found is None and name not in field.options:
            return super()._bound(_EDGES, name)
        return found


_EDGES = FieldDef("", PercentKind(), "", options={"minimum": 0, "maximum": 100})

register(PercentKind())
