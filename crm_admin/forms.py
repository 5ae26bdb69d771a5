"""Forms: one WTForms field for every kind. The kind reads, parses and shows; this only carries it through WTForms."""

from __future__ import annotations

from typing import Any

from flask import render_template
from markupsafe import Markup
from wtforms import Field, Form
from wtforms.utils import unset_value

from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef, Invalid, Reader


class _Control:
    """Widget: the kind's own template, `fields/<kind>.html`, which gets the bound field as `field`.

    `autofocus` and `aria-label` go to the control that carries the field's own id; other options to the template.
    """

    def __call__(self, field: KindField, **options: Any) -> Markup:
        field.marks = {mark: options.pop(mark) for mark in ("autofocus", "aria-label") if mark in options}
        return Markup(render_template(field.definition.kind.control(), field=field, **options))  # noqa: S704 — ours


class KindField(Field):
    """A form field of any kind.

    `data` is the parsed value, `draft` what the control shows (what was typed, after an error),
    `posted` whether the form had the control at all.
    """

    widget = _Control()

    def __init__(self, definition: FieldDef, **options: Any) -> None:
        super().__init__(label=str(definition.label), description=str(definition.help), **options)
        self.definition = definition
        self.reader: Reader = self.meta.reader
        self.required = definition.required
        self.posted = False
        self.raw: Any = None
        self.marks: dict[str, Any] = {}

    @property
    def draft(self) -> Any:
        if self.posted and self.errors:
            return self.raw
        return self.definition.kind.draft(self.data, self.definition, self.reader)

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.data = self.object_data = None if data is unset_value else data
        if formdata is None or not self.definition.kind.is_posted(formdata, self.name):
            return
        self.posted = True
        self.raw = self.definition.kind.collect(formdata, self.name)
        if self.data is not None and self.raw == self.definition.kind.draft(
            self.data, self.definition, self.reader
        ):
            return  # sent back as shown: what a control cannot show (microseconds, a retired choice) is not lost
        try:
            self.data = self.definition.kind.parse(self.raw, self.definition, self.reader)
        except Invalid as error:
            self.process_errors.append(str(error))

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        self.errors = list(self.process_errors)
        if not self.errors and self.required and self.definition.kind.is_empty(self.data):
            self.errors.append(gettext("This field is required."))
        return not self.errors

    def attrs(self, part: str = "", **more: Any) -> Markup:
        """id, name, required and ARIA attributes of the control (or of one part of it), and `more`, escaped."""
        name = f"{self.name}-{part}" if part else self.name
        found: dict[str, Any] = {"id": name, "name": name, "required": self.required and not part}
        described = [f"{self.name}-help"] if self.description else []
        if self.errors:
            found["aria-invalid"] = "true"
            described.append(f"{self.name}-error")
        if described:
            found["aria-describedby"] = " ".join(described)
        if not part and "id" not in more:  # a radio button has a label of its own
            found |= self.marks
        found |= {key.replace("_", "-"): value for key, value in more.items()}
        pairs = (
            Markup(" {}").format(key) if value is True else Markup(' {}="{}"').format(key, value)
            for key, value in found.items()
            if value is not None and value is not False
        )
        return Markup("").join(pairs)


def form_class(fields: list[FieldDef]) -> type[Form]:
    """A WTForms form class with one KindField per definition, in order; made once, bound per request.

    Bind it with `meta={"reader": …}`: the Reader through which values are parsed and shown.
    """
    return type("RecordForm", (Form,), {f.key: KindField(f) for f in fields})


def build(fields: list[FieldDef], reader: Reader) -> type[Form]:
    """Like `form_class`, for one reader."""
    bound = type("Meta", (), {"reader": reader})
    return type("RecordForm", (Form,), {**{f.key: KindField(f) for f in fields}, "Meta": bound})
