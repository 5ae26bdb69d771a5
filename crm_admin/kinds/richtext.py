"""Formatted text: HTML of a short list of elements, cleaned on the way in and again on the way out."""

from __future__ import annotations

import html
import re
from random import Random
from typing import Any

import nh3
from markupsafe import Markup

from crm_admin.folding import fold
from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, Raw, Reader, register, text_of, within
from crm_admin.kinds.longtext import LongtextKind

_TAGS = {
    "p", "br", "hr", "strong", "b", "em", "i", "u", "s", "h2", "h3", "h4", "ul", "ol", "li",
    "blockquote", "pre", "code", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_BREAKS = re.compile(r"<(?:br|hr|/p|/h[2-4]|/li|/tr|/pre|/blockquote)\b[^>]*>", re.IGNORECASE)
_CELLS = re.compile(r"</t[dh]>", re.IGNORECASE)


def clean(text: str) -> str:
    """HTML with nothing but the elements of the list and links to web, mail and phone."""
    return nh3.clean(
        text,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    ).strip()


def plain(markup: str) -> str:
    """The words of a piece of HTML, with a new line for each block."""
    lines = _CELLS.sub(" ", _BREAKS.sub("\n", markup))
    words = html.unescape(nh3.clean(lines, tags=set()))
    return "\n".join(line for line in (" ".join(line.split()) for line in words.split("\n")) if line)


class RichtextKind(LongtextKind):
    """Options: `max_length` of the HTML (50,000 unless it says otherwise). Found by its words alone."""

    name = "richtext"
    label = lazy_gettext("Formatted text")
    icon = "text-caption"
    inline = False
    most = 50_000

    def shadow(self, value: str) -> str:
        return fold(plain(value))

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> str | None:
        """Cleaned HTML; None when no words are left of it."""
        most = field.option("max_length", self.most)
        text = text_of(raw)
        if len(text) <= 2 * most:
            text = clean(text.replace("\r\n", "\n").replace("\r", "\n"))
        text = within(text, most)
        return text if plain(text) else None

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return plain(value) if value else ""

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        # Cleaned again: a row may have come round the door, and the list above may become shorter.
        return Markup(clean(value)) if value else Markup("")  # noqa: S704

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return value or ""

    def dump(self, value: Any, field: FieldDef) -> str | None:
        return value

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        return [plain(value)] if value else []

    def found_by(self, field: FieldDef, operator: str, raw: Raw) -> str:
        """Nothing: the filter also finds what stands between angle brackets, which the search does not know."""
        return ""

    def sample(self, field: FieldDef, rng: Random) -> str:
        return f"<p>{super().sample(field, rng).replace(chr(10), '</p><p>')}</p>"

    def where(self, field: FieldDef, model: Any, operator: str, raw: Raw, reader: Reader) -> Any:
        """What is looked for is text, not HTML."""
        if operator == "contains" and isinstance(raw, str):
            raw = html.escape(raw[:1_000], quote=False)
        return super().where(field, model, operator, raw, reader)


register(RichtextKind())
