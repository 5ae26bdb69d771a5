"""One attached file, kept as an attachment record."""

from __future__ import annotations

import re
import unicodedata
from random import Random
from typing import Any

from markupsafe import Markup
from werkzeug.datastructures import FileStorage

from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds.base import FieldDef, Invalid, Raw, Reader, Upload, register
from crm_admin.kinds.link import LinkKind, hidden_name

_LONGEST_NAME = 150
_SEPARATORS = re.compile(r"[/\\]+")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)", re.IGNORECASE)
REMOVE = {"remove": True}
"""What a form sends to take the file away."""


def safe_name(name: str) -> str:
    """A file name to show and to save under: its last path part, no control or direction characters, at most 150."""
    base = _SEPARATORS.split(unicodedata.normalize("NFC", name[:4_000]))[-1]
    shown = "".join(
        c for c in base if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    shown = " ".join(_FORBIDDEN.sub("_", shown).split()).strip(". ")
    if not shown:
        return "file"
    if _RESERVED.match(shown):
        shown = "_" + shown
    stem, dot, ending = shown.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
    return shown[:_LONGEST_NAME]


class FileKind(LinkKind):
    """The value is the id of an attachment, or the Upload that `settle` makes one of. Option: `max_mb` (15)."""

    name = "file"
    label = lazy_gettext("File")
    icon = "paperclip"
    inline = False

    def target(self, field: FieldDef) -> str:
        return "attachment"

    def limit(self, field: FieldDef) -> int:
        """Most bytes of one file."""
        return int(field.option("max_mb", 15)) * 1024 * 1024

    def parse(self, raw: Raw, field: FieldDef, reader: Reader) -> int | Upload | None:
        if raw == REMOVE:
            return None
        value: int | Upload | None = super().parse(raw, field, reader)
        return value

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Any:
        """A file out of a form, an Upload, or the id of an attachment that is there already."""
        if isinstance(raw, FileStorage):
            raw = Upload(raw.filename or "", raw.stream.read(self.limit(field) + 1), raw.mimetype or "")
        if not isinstance(raw, Upload):
            return super().accept(raw, field, reader)
        if len(raw.content) > self.limit(field):
            most = self.limit(field) // (1024 * 1024)
            raise Invalid(gettext("This file is larger than %(most)s MB.", most=most))
        if not raw.content:
            raise Invalid(gettext("This file is empty."))
        return Upload(safe_name(raw.filename), raw.content, raw.content_type)

    def collect(self, form: Any, name: str) -> Raw:
        """The new file, or REMOVE; a new file wins over the mark to take the old one away."""
        sent = form.get(name)
        return sent if _is_sent(sent) else REMOVE

    def is_posted(self, form: Any, name: str) -> bool:
        """A form without a new file, and without the mark to remove, leaves the present one."""
        return _is_sent(form.get(name)) or f"{name}-remove" in form

    def settle(self, value: Any, entity: str, field: FieldDef, reader: Reader, *, new: bool) -> Any:
        return reader.keep(value) if isinstance(value, Upload) else value

    def references(self, value: Any, field: FieldDef) -> list[tuple[str, int]]:
        return [] if isinstance(value, Upload) else super().references(value, field)

    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        return value.filename if isinstance(value, Upload) else super().format(value, field, reader)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        if value is None:
            return Markup("")
        name = reader.names("attachment", [value]).get(value)
        if not name:
            return Markup('<span class="text-secondary">{}</span>').format(hidden_name())
        return Markup('<a href="/admin/attachment/{}/download" download>{}</a>').format(value, name)

    def sample(self, field: FieldDef, rng: Random) -> int:
        return rng.randint(1, 50)


def _is_sent(sent: Any) -> bool:
    return isinstance(sent, FileStorage) and bool(sent.filename)


register(FileKind())
