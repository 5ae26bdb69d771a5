"""All records of an entity: list and create."""

from __future__ import annotations

from flask import Response, url_for

from crm_admin import listing, policy, records
from crm_admin.api import arguments, body, form, item
from crm_admin.api.caller import actor, config, country_of, entity, reader
from crm_admin.api.door import blueprint
from crm_admin.api.problems import Refused
from crm_admin.i18n import gettext


@blueprint.get("/<entity:key>")
def list_records(key: str) -> Response:
    """One page: `items`, `next`, `count`, `count_is_exact`."""
    definition = entity(key)
    names = arguments.flag("names")
    query = arguments.question(definition)
    page = listing.page(actor(), query, reader(), count_limit=config().records.count_limit)
    arguments.refuse({name: [text] for name, text in query.problems.items()})
    return item.answer(
        {
            "items": item.items(definition, page.records, names=names),
            "next": page.next,
            "count": page.count,
            "count_is_exact": page.exact,
        }
    )


@blueprint.post("/<entity:key>")
def create_record(key: str) -> Response:
    """A new record: 201 with the record, its address in `Location` and its version in `ETag`."""
    definition = entity(key)
    arguments.expect(())
    if not definition.creatable:
        detail = gettext("Records of this kind come about with others, not by themselves.")
        raise Refused(405, detail, headers={"Allow": "GET, HEAD, OPTIONS"})
    if policy.level(actor(), "create", key).rank == 0:
        raise records.Forbidden("create")
    raw = body.read_object()
    seeing = reader(country_of(definition, raw))
    values = form.values(actor(), definition, raw, seeing)
    record = records.create(actor(), key, values, reader=seeing)
    made = item.answer(item.item(definition, record), 201)
    made.headers["Location"] = url_for("api.get_record", key=key, number=record.id)
    made.headers["ETag"] = item.tag(record)
    return made
