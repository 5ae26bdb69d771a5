"""Text of several lines."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Any

from markupsafe import Markup, escape

from crm_admin.folding import fold
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, Raw, Reader, register, text_of, within
from crm_admin.kinds.text import TextKind


class LongtextKind(TextKind):
    """Options: `max_length` (20,000 unless it says otherwise). Found by any part of it; never sorted by."""

    name = "longtext"
    label = lazy_gettext("Long text")
    icon = "align-left"
    operators = ("contains", "isnull")
    sortable = False
    wide = True
    most = 20_000

    def shadow(self, value: str) -> str:
        return fold(value)

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str | None:
        text = text_of(raw)
        most = field.option("max_length", self.most)
        within(text, 2 * most)  # before it is normalised: line ends alone cannot halve it
        lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join(line.rstrip() for line in lines).strip()
        text = within(text, most)
        return text or None

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        return Markup("<br>").join(escape(line) for line in value.split("\n")) if value else Markup("")

    def sample(self, field: FieldDef, rng: Random) -> str:
        lines = rng.sample(("Gọi lại sau 17 giờ.", "Prefers e-mail.", "请下周再联系。", "Báo giá đã gửi."), 3)
        return "\n".join(lines)[: field.option("max_length", self.most)].strip()


register(LongtextKind())
