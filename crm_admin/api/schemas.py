"""JSON Schemas of what the API sends and takes, for one caller: from the kinds, through the judge."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from crm_admin import policy
from crm_admin.api import bulk
from crm_admin.kinds import FieldDef, Invalid, Reader
from crm_admin.kinds.link import MAX_ID
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef

Schema = dict[str, Any]

ID: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TEXT: Schema = {"type": "string"}
ERRORS: Schema = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def whole(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object of exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def item(caller: Actor, definition: EntityDef) -> Schema:
    """A record as it is sent: all readable fields, null where there is no value."""
    readable = policy.fields(caller, definition.key)
    properties = {
        key: or_null(field.kind.schema(field)) | _notes(field)
        for key, field in definition.fields.items()
        if key in readable
    }
    names = {
        "type": "object",
        "description": "With names=1: what the linked records are called.",
        "additionalProperties": TEXT,
    }
    return whole({**properties, "_names": names}, optional=("_names",)) | {"title": str(definition.label)}


def sent(caller: Actor, definition: EntityDef, *, new: bool) -> Schema:
    """A record as it is taken: the writable fields; of a new one, those that nothing else fills are required."""
    writable = policy.fields(caller, definition.key, "write")
    fields = [field for key, field in definition.fields.items() if key in writable]
    properties = {}
    for field in fields:
        wanted = field.kind.request_schema(field)
        properties[field.key] = (wanted if field.required else or_null(wanted)) | _notes(field)
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if new:
        schema["required"] = [f.key for f in fields if f.required and f.default is None]
        sample = example(definition, fields)
        if sample.keys() >= set(schema["required"]):
            schema["examples"] = [sample]
    return schema


def example(definition: EntityDef, fields: list[FieldDef]) -> dict[str, Any]:
    """A plausible new record; without links, for nobody can know which records there are."""
    rng, found = Random(definition.key), {}  # noqa: S311 — the same example every time
    for field in fields:
        sample = field.kind.sample(field, rng)
        with suppress(Invalid):  # a pattern of the field's own
            value = field.kind.parse(sample, field, Reader())
            if not field.kind.wide and not field.kind.references(value, field):
                found[field.key] = sample
    return found


def operand(field: FieldDef, operator: str) -> Schema:
    """The value of a filter, as text in an address."""
    if operator == "isnull":
        return {"type": "boolean"}
    schema = field.kind.schema(field)
    if operator != "in" and ("enum" in schema or schema.get("type") in ("integer", "number", "boolean")):
        return schema
    return {"type": "string", "minLength": 1}


def _notes(field: FieldDef) -> Schema:
    found: Schema = {"title": str(field.label)}
    return found | {"description": str(field.help)} if field.help else found


def common() -> dict[str, Schema]:
    """Components that do not hang on an entity."""
    count: Schema = {"type": "integer", "minimum": 0}
    reference = whole({"entity": TEXT, "id": ID})
    return {
        "problem": {
            "type": "object",
            "description": "RFC 9457; `errors` says for each field or argument what is wrong with it.",
            "properties": {
                "type": TEXT,
                "title": TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": TEXT,
                "errors": ERRORS,
                "row_version": {"type": "integer", "minimum": 1},
            },
            "required": ["type", "title", "status", "detail"],
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Entity",
                    "status": 422,
                    "detail": "Some values cannot be accepted.",
                    "errors": {"email": ["This is not an e-mail address. Write it like name@example.com."]},
                }
            ],
        },
        "history": whole(
            {
                "items": {
                    "type": "array",
                    "items": whole(
                        {
                            "kind": TEXT,
                            "at": MOMENT,
                            "by": or_null(ID),
                            "title": TEXT,
                            "source": TEXT,
                            "about": reference,
                            "data": {"type": "object"},
                        }
                    ),
                },
                "next": or_null(TEXT),
            }
        ),
        "bulk": {"anyOf": [_rows(), whole({"rows": _rows()})]},
        "bulk.results": whole(
            {
                "results": {
                    "type": "array",
                    "items": whole(
                        {
                            "index": count,
                            "status": {"enum": [200, 201, 204, 403, 404, 409, 412, 422]},
                            "id": ID,
                            "row_version": {"type": "integer", "minimum": 1},
                            "errors": ERRORS,
                        },
                        optional=("id", "row_version", "errors"),
                    ),
                }
            }
        ),
        "hits": _items({"entity": TEXT, "id": ID, "label": TEXT, "hint": TEXT}),
        "callers": _items(
            {
                "entity": TEXT,
                "id": ID,
                "label": TEXT,
                "field": TEXT,
                "certainty": {"enum": ["exact", "possible"]},
            }
        ),
        "entity.summary": whole(_SUMMARY),
        "entities": _items(None, "entity.summary"),
        "entity": whole({**_SUMMARY, "fields": {"type": "array", "items": whole(_FIELD)}}),
    }


_SUMMARY: dict[str, Schema] = {
    "key": TEXT,
    "label": TEXT,
    "plural": TEXT,
    "title": or_null(TEXT),
    "levels": {"type": "object", "additionalProperties": TEXT},
}

_FIELD: dict[str, Schema] = {
    "key": TEXT,
    "kind": TEXT,
    "label": TEXT,
    "help": TEXT,
    "required": {"type": "boolean"},
    "unique": {"type": "boolean"},
    "writable": {"type": "boolean"},
    "sortable": {"type": "boolean"},
    "operators": {"type": "array", "items": TEXT},
    "options": {"type": "object"},
    "schema": {"type": "object"},
}


def _items(properties: dict[str, Schema] | None, name: str = "") -> Schema:
    one = ref(name) if properties is None else whole(properties)
    return whole({"items": {"type": "array", "items": one}})


def _rows() -> Schema:
    return {
        "type": "array",
        "maxItems": bulk.MOST,
        "description": "Rows: fields, and `op` (create, update, delete), `id` and `row_version` where needed. "
        "A row that cannot be accepted has its own line in the answer.",
        "items": {},
    }
