"""One record: read, change, delete, restore, and its history."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from crm_admin import history, policy, records
from crm_admin.api import arguments, body, form, item
from crm_admin.api.caller import actor, country_of, entity, reader
from crm_admin.api.door import behind, blueprint
from crm_admin.api.problems import Refused
from crm_admin.i18n import gettext
from crm_admin.registry import EntityDef, Record
from crm_admin.views.timeline import title_of

LINES = 30
"""Lines of a history page when no `limit` is given."""


@blueprint.get("/<entity:key>/<number:number>")
def get_record(key: str, number: int) -> AnyResponse:
    """The record, with its version as `ETag`; 304 when `If-None-Match` names that version."""
    definition = entity(key)
    arguments.expect(("names",))
    names = arguments.flag("names")
    record = records.get(actor(), key, number)
    made = item.answer(item.item(definition, record, names=names))
    made.headers["ETag"] = item.tag(record)
    # The names of linked records change without this record's version.
    return made if names else made.make_conditional(request)


@blueprint.patch("/<entity:key>/<number:number>")
def change_record(key: str, number: int) -> Response:
    """Save the fields that were sent. Without `If-Match` the last one to write wins."""
    definition = entity(key)
    arguments.expect(())
    record = records.get(actor(), key, number, "update")
    raw = body.read_object()
    seeing = reader(country_of(definition, raw, record))
    values = form.values(actor(), definition, raw, seeing)
    if not _is_expected(record):
        return behind(record.row_version)
    saved = records.update(actor(), record, values, expected_version=_expected(record), reader=seeing)
    return _with_tag(definition, saved)


@blueprint.delete("/<entity:key>/<number:number>")
def delete_record(key: str, number: int) -> Response:
    """Move the record to the recycle bin: 204; 409 when something still needs it."""
    entity(key)
    arguments.expect(())
    record = records.get(actor(), key, number, "delete")
    if not _is_expected(record):
        return behind(record.row_version)
    try:
        records.delete(actor(), record, expected_version=_expected(record))
    except records.Rejected as error:
        raise Refused(409, gettext("The record cannot be deleted now."), errors=error.errors) from error
    return Response(status=204)


@blueprint.post("/<entity:key>/<number:number>/restore")
def restore_record(key: str, number: int) -> Response:
    """Bring the record back from the recycle bin; one that is not in it is answered as it is."""
    definition = entity(key)
    arguments.expect(())
    if policy.level(actor(), "delete", key).rank == 0:
        records.get(actor(), key, number)
        raise records.Forbidden("delete")
    try:
        record = records.restore(actor(), key, number)
    except records.NotFound:
        record = records.get(actor(), key, number, "delete")
    return _with_tag(definition, record)


@blueprint.get("/<entity:key>/<number:number>/history")
def get_history(key: str, number: int) -> Response:
    """What happened with the record, newest first: `items` and `next`."""
    entity(key)
    args = arguments.expect(("limit", "after"))
    limit = arguments.limit(LINES)
    records.get(actor(), key, number)
    try:
        lines, following = history.timeline(actor(), key, number, after=args.get("after"), limit=limit)
    except ValueError:
        arguments.refuse({"after": [gettext("This is not a cursor of this list.")]})
        raise
    return item.answer({"items": [_line(line) for line in lines], "next": following})


def _line(line: history.Line) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "at": line.at.isoformat() + "Z",
        "by": line.by,
        "title": title_of(line, reader()),
        "source": line.source,
        "about": {"entity": line.ref[0], "id": line.ref[1]},
        "data": line.data,
    }


def _is_expected(record: Record) -> bool:
    """Whether the record is in a version that `If-Match` names; so is every record when there is none."""
    return "If-Match" not in request.headers or request.if_match.contains_weak(str(record.row_version))


def _expected(record: Record) -> int | None:
    return record.row_version if "If-Match" in request.headers and not request.if_match.star_tag else None


def _with_tag(definition: EntityDef, record: Record) -> Response:
    made = item.answer(item.item(definition, record))
    made.headers["ETag"] = item.tag(record)
    return made
