"""Many rows in one request: each is saved or refused by itself, and has one line in the answer."""

from __future__ import annotations

from typing import Any

from flask import Response

from crm_admin import policy, records
from crm_admin.api import arguments, body, form, item
from crm_admin.api.caller import actor, country_of, entity, reader
from crm_admin.api.door import blueprint
from crm_admin.api.problems import Refused
from crm_admin.db import database
from crm_admin.i18n import gettext
from crm_admin.kinds.link import MAX_ID
from crm_admin.registry import EntityDef, Record

MOST = 1_000
"""Rows of one request."""

OPERATIONS = ("create", "update", "delete")

TOGETHER = 500
"""Records that are fetched by one query."""

Result = dict[str, Any]

Known = dict[tuple[str, int], Record]
"""Records that the rows name, by what is to be done and id. Each is good for one row: the next may find it changed."""


@blueprint.post("/<entity:key>/bulk")
def save_many(key: str) -> Response:
    """One result per row, in order. All saved rows are one transaction, each row a savepoint in it."""
    definition = entity(key)
    arguments.expect(())
    rows = _rows(body.read())
    with database.atomic():
        known = _known(definition, rows)
        results = [{"index": place, **_result(definition, row, known)} for place, row in enumerate(rows)]
    return item.answer({"results": results})


def _rows(sent: Any) -> list[Any]:
    found = sent.get("rows") if isinstance(sent, dict) and sent.keys() == {"rows"} else sent
    if not isinstance(found, list):
        text = gettext("Send {“rows”: […]}.")
        raise Refused(422, text, errors={"rows": [text]})
    if len(found) > MOST:
        text = gettext("Send at most %(most)s rows.", most=MOST)
        raise Refused(422, text, errors={"rows": [text]})
    return found


def _known(definition: EntityDef, rows: list[Any]) -> Known:
    """The records that the caller may change or delete, as the rows ask."""
    found: Known = {}
    for action in ("update", "delete"):
        ids = sorted({row["id"] for row in rows if _asks(row, action)})
        for start in range(0, len(ids), TOGETHER):
            part = definition.model.id.in_(ids[start : start + TOGETHER])
            for record in policy.scope(actor(), definition.key, action=action).where(part):
                found[action, record.id] = record
    return found


def _asks(row: Any, action: str) -> bool:
    return (
        isinstance(row, dict)
        and _is_number(row.get("id"))
        and row["id"] <= MAX_ID
        and row.get("op", "update") == action
    )


def _result(definition: EntityDef, row: Any, known: Known) -> Result:
    """What a request for this row alone would be answered, in short."""
    try:
        with database.atomic():
            return _save(definition, row, known)
    except records.Rejected as error:
        return {"status": 422, "errors": error.errors}
    except records.Stale as error:
        return {"status": 412, "id": error.current.id, "row_version": error.current.row_version}
    except records.NotFound:
        return {"status": 404, "errors": {"id": [gettext("There is no such record.")]}}
    except records.Forbidden:
        return {"status": 403, "errors": {"": [gettext("You may not do this.")]}}


def _save(definition: EntityDef, row: Any, known: Known) -> Result:
    if not isinstance(row, dict):
        raise records.Rejected({"": [gettext("Send a JSON object.")]})
    fields = dict(row)
    operation = fields.pop("op", "update" if "id" in row else "create")
    number, version = fields.pop("id", None), fields.pop("row_version", None)
    _check(operation, number, version)
    if operation == "create":
        return _create(definition, fields)
    record = known.pop((operation, number), None) or records.get(actor(), definition.key, number, operation)
    if operation == "delete":
        if fields:
            raise records.Rejected({key[:100]: [gettext("A row to delete has no fields.")] for key in fields})
        return _delete(record, version)
    seeing = reader(country_of(definition, fields, record))
    values = form.values(actor(), definition, fields, seeing)
    saved = records.update(actor(), record, values, expected_version=version, reader=seeing)
    return {"status": 200, "id": number, "row_version": saved.row_version}


def _check(operation: Any, number: Any, version: Any) -> None:
    """Raise Rejected for an operation that is not known, and for an id or version where none belongs."""
    errors = {}
    if operation not in OPERATIONS:
        errors["op"] = [gettext("Use one of these: %(names)s.", names=", ".join(OPERATIONS))]
    elif (operation == "create") != (number is None):
        errors["id"] = [gettext("A row to change or delete has an id, a new one has none.")]
    elif number is not None and not _is_number(number):
        errors["id"] = [gettext("There is no such record.")]
    if version is not None and (number is None or not _is_number(version)):
        errors["row_version"] = [gettext("This is the version of a record to change or delete.")]
    if errors:
        raise records.Rejected(errors)


def _is_number(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool) and raw > 0


def _create(definition: EntityDef, fields: dict[str, Any]) -> Result:
    if not definition.creatable:
        raise records.Forbidden("create")
    seeing = reader(country_of(definition, fields))
    values = form.values(actor(), definition, fields, seeing)
    record = records.create(actor(), definition.key, values, reader=seeing)
    return {"status": 201, "id": record.id, "row_version": record.row_version}


def _delete(record: Record, version: int | None) -> Result:
    try:
        records.delete(actor(), record, expected_version=version)
    except records.Rejected as error:
        return {"status": 409, "id": record.id, "errors": error.errors}
    return {"status": 204, "id": record.id}
