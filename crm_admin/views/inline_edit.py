"""One field edited where it stands, and the controls of a filter: a kind's own form control without the form."""

from __future__ import annotations

from typing import Any

from flask import Request, render_template
from werkzeug.datastructures import MultiDict

from crm_admin import forms, records
from crm_admin.i18n import gettext
from crm_admin.kinds import OPERATORS, FieldDef, Reader
from crm_admin.records import Rejected, Stale
from crm_admin.registry import EntityDef, Record
from crm_admin.views.form_page import request_data
from crm_admin.views.seat import actor, country_of, reader


def answer(definition: EntityDef, record: Record, key: str, request: Request) -> str | tuple[str, int]:
    """GET: the control. POST: the new value as HTML; 422 with the control and the error; 409 with both versions."""
    target = definition.fields[key]
    seeing = reader(country_of(definition, record))
    records.load_names(definition, [record], [key], seeing)
    posted = request_data(request) if request.method == "POST" else None
    made = forms.form_class([target])(
        posted, data={key: target.kind.read(record, target)}, meta={"reader": seeing}
    )
    url = request.path
    if posted is None:
        return _control(made[key], url, record.row_version)
    if not made.validate():
        return _control(made[key], url, posted.get("row_version", "")), 422
    version = str(posted.get("row_version") or "")
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    try:
        saved = records.update(
            actor(), record, {key: made[key].data}, expected_version=expected, reader=seeing
        )
    except Stale as stale:
        return _conflict(definition, stale.current, key, made[key], url, seeing)
    except Rejected as error:
        made[key].errors = [text for texts in error.errors.values() for text in texts]
        return _control(made[key], url, version), 422
    records.load_names(definition, [saved], [key], seeing)
    return str(target.kind.html(target.kind.read(saved, target), target, seeing))


def _control(field: Any, url: str, version: Any) -> str:
    return render_template("admin/inline_form.html", field=field, url=url, row_version=version)


def _conflict(
    definition: EntityDef, current: Record, key: str, field: Any, url: str, seeing: Reader
) -> tuple[str, int]:
    records.load_names(definition, [current], [key], seeing)
    target = definition.fields[key]
    theirs = target.kind.read(current, target)
    if theirs == field.data:
        return str(target.kind.html(theirs, target, seeing)), 200
    page = render_template(
        "admin/inline_conflict.html",
        field=field,
        url=url,
        row_version=current.row_version,
        yours=target.kind.format(field.data, target, seeing),
        theirs=target.kind.format(theirs, target, seeing),
        who=seeing.names("user", [current.modified_by]).get(current.modified_by, "")
        if current.modified_by
        else "",
    )
    return page, 409


def filter_row(target: FieldDef, operator: str, seeing: Reader) -> dict[str, Any]:
    """What the filter builder shows for one field: its comparisons and the control for a value.

    The control is the kind's own; multi-part kinds compare with one text.
    """
    chosen = operator if operator in target.kind.operators else target.kind.operators[0]
    name = target.key if chosen == "eq" else f"{target.key}__{chosen}"
    simple = "" in target.kind.columns(target) or target.option("target")
    control = None
    if simple and chosen not in ("isnull", "in", "contains", "startswith", "near"):
        control = forms.form_class([target])(MultiDict(), meta={"reader": seeing})[target.key]
        control.name = control.id = name
        control.required = False
    labels = [
        {"key": op, "label": str(OPERATORS[op]), "chosen": op == chosen} for op in target.kind.operators
    ]
    return {
        "target": target,
        "name": name,
        "operator": chosen,
        "operators": labels,
        "control": control,
        "yes": gettext("Yes"),
        "no": gettext("No"),
    }
