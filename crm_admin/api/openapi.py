"""OpenAPI 3.1 of what the caller's token may do, from the definition: what the office adds is in it by itself."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, g, request
from werkzeug.wrappers import Response as AnyResponse

from crm_admin import listing, policy, registry
from crm_admin.api import arguments, schemas
from crm_admin.api.caller import actor, config
from crm_admin.api.door import PREFIX, blueprint
from crm_admin.api.entities import readable_entities
from crm_admin.api.finding import LONGEST_NUMBER
from crm_admin.api.problems import MEDIA_TYPE
from crm_admin.api.record import LINES
from crm_admin.kinds import OPERATORS
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef

Json = dict[str, Any]

_WRONG = {
    400: "The body is not JSON that can be read.",
    401: "No live token.",
    403: "The caller may see this, but not do it.",
    404: "There is no such record, or it is out of the caller's reach.",
    409: "Other records still need this one.",
    412: "The record was changed meanwhile; `row_version` is what it is now.",
    413: "The request is too large.",
    415: "The body is not application/json.",
    422: "Some fields or arguments cannot be accepted; `errors` names them.",
    503: "The database does not answer; try again after `Retry-After` seconds.",
}
_READING = (401, 404, 422, 503)
_WRITING = (400, 401, 403, 404, 413, 415, 422, 503)

_TAG: Json = {
    "ETag": {"description": "Version of the record, for If-Match.", "required": True, "schema": schemas.TEXT}
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The version that is to be changed. Without it the last one to write wins.",
    "schema": {"type": "string"},
}
_ID: Json = {"name": "id", "in": "path", "required": True, "schema": schemas.ID | {"maximum": 10**18 - 1}}
_NAMES: Json = {
    "name": "names",
    "in": "query",
    "description": "1: send what linked records are called, as _names.",
    "schema": {"enum": [0, 1]},
}


Part = Callable[[Actor], tuple[Json, Json]]
_more: list[Part] = []


def also(give: Part) -> None:
    """Have `give(caller) -> (paths, schemas)` describe what a module adds to the API, as far as the caller may."""
    if give not in _more:
        _more.append(give)


KEPT = 12
"""Descriptions that are kept, half a megabyte each; making one takes as long as ten lists."""


@blueprint.get("/openapi.json")
def describe() -> AnyResponse:
    """The description of everything that the caller's token may do; 304 when `If-None-Match` names it."""
    arguments.expect(())
    made = Response(_description(), mimetype="application/json")
    made.add_etag()
    return made.make_conditional(request)


def _description() -> bytes:
    """The document as it is sent: made once for all callers of one language who may do the same."""
    kept: OrderedDict[tuple[int, str, str], bytes] = current_app.extensions.setdefault(
        "crm.api.descriptions", OrderedDict()
    )
    place = (registry.version(), str(g.language), actor().profile)
    body = kept.get(place)
    if body is None:
        made = document(actor(), config().public_url)
        body = kept[place] = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
        if len(kept) > KEPT:
            kept.popitem(last=False)
    return body


def document(caller: Actor, public_url: str) -> Json:
    """The OpenAPI document for one caller."""
    entities = readable_entities()
    paths: Json = {}
    components = schemas.common()
    for definition in entities:
        paths |= _paths(caller, definition)
        components |= _components(caller, definition)
    for give in _more:
        added, parts = give(caller)
        paths |= added
        components |= parts
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CRM",
            "version": f"1.{registry.version()}",
            "description": "Every entity from one definition. Times are UTC, texts in the language of the owner.",
        },
        "servers": [{"url": public_url.rstrip("/") + PREFIX}],
        "security": [{"token": []}],
        "tags": [{"name": d.key, "description": str(d.plural)} for d in entities],
        "paths": paths | _common_paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
            "responses": {str(status): _problem(status, text) for status, text in _WRONG.items()},
        },
    }


def _components(caller: Actor, definition: EntityDef) -> Json:
    key = definition.key
    page = schemas.whole(
        {
            "items": {"type": "array", "items": schemas.ref(key)},
            "next": schemas.or_null({"type": "string"}),
            "count": {"type": "integer", "minimum": 0},
            "count_is_exact": {"type": "boolean"},
        }
    )
    found = {key: schemas.item(caller, definition), f"{key}.page": page}
    if _may(caller, "create", definition):
        found[f"{key}.new"] = schemas.sent(caller, definition, new=True)
    if _may(caller, "update", definition):
        found[f"{key}.changes"] = schemas.sent(caller, definition, new=False)
    return found


def _paths(caller: Actor, definition: EntityDef) -> Json:
    key = definition.key
    base, one = f"/{key}", f"/{key}/{{id}}"
    paths: Json = {
        base: {"get": _list(caller, definition)},
        one: {"parameters": [_ID], "get": _get(key)},
        f"{one}/history": {"parameters": [_ID], "get": _history(key)},
    }
    if _may(caller, "create", definition):
        paths[base]["post"] = _create(key)
    if _may(caller, "update", definition):
        paths[one]["patch"] = _change(key)
    if _may(caller, "delete", definition):
        paths[one]["delete"] = _delete(key)
        paths[f"{one}/restore"] = {"parameters": [_ID], "post": _restore(key)}
    if any(_may(caller, action, definition) for action in ("create", "update", "delete")):
        paths[f"{base}/bulk"] = {"post": _bulk(key)}
    return paths


def _may(caller: Actor, action: str, definition: EntityDef) -> bool:
    if action == "create" and not definition.creatable:
        return False
    return policy.level(caller, action, definition.key).rank > 0


def _list(caller: Actor, definition: EntityDef) -> Json:
    key = definition.key
    return operation(
        f"list_{key}",
        key,
        {"200": json_answer(f"{key}.page")},
        _READING,
        parameters=_list_parameters(caller, definition),
    )


def _list_parameters(caller: Actor, definition: EntityDef) -> list[Json]:
    own: list[Json] = [
        _argument("q", {"type": "string", "maxLength": arguments.LONGEST_SEARCH}, "Words to look for."),
        _argument(
            "sort",
            {"enum": arguments.sorts(caller, definition)},
            f"Field to sort by, with - downwards; {definition.default_sort} when nothing is said.",
        ),
        _limit(arguments.PAGE),
        _argument("after", {"type": "string", "minLength": 1}, "`next` of the page before."),
        _NAMES,
    ]
    if not arguments.searchable(caller, definition):
        own = own[1:]
    filters = [
        _argument(name, schemas.operand(field, operator), f"{field.label} {OPERATORS[operator]}")
        for name, field, operator in arguments.filters(caller, definition)
    ]
    return own + filters


def _get(key: str) -> Json:
    answers = {
        "200": json_answer(key, _TAG),
        "304": {"description": "Still the version that If-None-Match names."},
    }
    return operation(f"get_{key}", key, answers, _READING, parameters=[_NAMES])


def _history(key: str) -> Json:
    parameters = [
        _limit(LINES),
        _argument("after", {"type": "string", "minLength": 1}, "`next` of the page before."),
    ]
    return operation(
        f"history_of_{key}", key, {"200": json_answer("history")}, _READING, parameters=parameters
    )


def _create(key: str) -> Json:
    location: Json = {"description": "Address of the record.", "required": True, "schema": schemas.TEXT}
    answers = {"201": json_answer(key, {"Location": location, **_TAG})}
    return operation(f"create_{key}", key, answers, _WRITING, requestBody=json_body(f"{key}.new"))


def _change(key: str) -> Json:
    return operation(
        f"change_{key}",
        key,
        {"200": json_answer(key, _TAG)},
        (*_WRITING, 412),
        parameters=[_IF_MATCH],
        requestBody=json_body(f"{key}.changes"),
    )


def _delete(key: str) -> Json:
    answers: Json = {"204": {"description": "It is in the recycle bin."}}
    return operation(
        f"delete_{key}", key, answers, (401, 403, 404, 409, 412, 422, 503), parameters=[_IF_MATCH]
    )


def _restore(key: str) -> Json:
    return operation(f"restore_{key}", key, {"200": json_answer(key, _TAG)}, (401, 403, 404, 422, 503))


def _bulk(key: str) -> Json:
    return operation(
        f"bulk_{key}",
        key,
        {"200": json_answer("bulk.results")},
        (400, 401, 404, 413, 415, 422, 503),
        requestBody=json_body("bulk"),
    )


def _common_paths() -> Json:
    text: Json = {"type": "string", "minLength": 1}
    search = [
        _argument("q", text | {"maxLength": arguments.LONGEST_SEARCH}, "Words to look for.", required=True)
    ]
    phone = [
        _argument("number", text | {"maxLength": LONGEST_NUMBER}, "As dialled or in E.164.", required=True)
    ]
    key: Json = {
        "name": "entity",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
    }
    asking = (401, 422, 503)
    return {
        "/search": {
            "get": operation("search", "all", {"200": json_answer("hits")}, asking, parameters=search)
        },
        "/lookup/phone": {
            "get": operation("lookup_phone", "all", {"200": json_answer("callers")}, asking, parameters=phone)
        },
        "/schema/entities": {
            "get": operation("list_entities", "schema", {"200": json_answer("entities")}, asking)
        },
        "/schema/entities/{entity}": {
            "parameters": [key],
            "get": operation("get_entity", "schema", {"200": json_answer("entity")}, _READING),
        },
    }


def operation(name: str, tag: str, answers: Json, wrong: tuple[int, ...], **parts: Any) -> Json:
    """One operation: what it answers, and the statuses with which it can go wrong."""
    problems = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(wrong)}
    return {"operationId": name, "tags": [tag], **parts, "responses": answers | problems}


def json_answer(name: str, headers: Json | None = None) -> Json:
    """An answer in the form of the schema of that name."""
    found: Json = {"description": name, "content": {"application/json": {"schema": schemas.ref(name)}}}
    return found | ({"headers": headers} if headers else {})


def json_body(name: str) -> Json:
    """A request's body in the form of the schema of that name."""
    return {"required": True, "content": {"application/json": {"schema": schemas.ref(name)}}}


def _problem(status: int, text: str) -> Json:
    found: Json = {"description": text, "content": {MEDIA_TYPE: {"schema": schemas.ref("problem")}}}
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return found


def _argument(name: str, schema: Json, text: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "description": text, "required": required, "schema": schema}


def _limit(default: int) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": listing.MOST, "default": default}
    return _argument("limit", schema, "Records of a page.")
