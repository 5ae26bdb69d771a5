"""The query string: every argument is known, given once and has a value, or the request is refused by its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from flask import request
from werkzeug.datastructures import MultiDict

from crm_admin import listing, policy, search
from crm_admin.api.caller import actor
from crm_admin.api.problems import Errors, Refused
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef
from crm_admin.listing import ListQuery
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef

PAGE = 50
"""Records of a page when no `limit` is given."""

LONGEST_SEARCH = 200
MOST_VALUES = 20
"""Values of one filter; all of them must hold."""

LIST = ("q", "sort", "limit", "after", "names")
"""Arguments of a list that are not filters."""


def expect(known: Iterable[str]) -> MultiDict[str, str]:
    """The arguments. Raises Refused 422 for one that is not known or stands there twice."""
    found = set(known)
    errors: Errors = {}
    for name, values in request.args.lists():
        if name not in found:
            errors[name[:100]] = [gettext("There is no such argument.")]
        elif len(values) > 1:
            errors[name] = [gettext("Give this once.")]
    refuse(errors)
    return request.args


def refuse(errors: Errors) -> None:
    """Raise Refused 422 when there are errors."""
    if errors:
        raise Refused(422, gettext("Some arguments cannot be accepted."), errors=errors)


def flag(name: str) -> bool:
    """Whether the argument is 1; 0 and nothing mean no. Raises Refused 422 for anything else."""
    raw = request.args.get(name, "0")
    if raw not in ("0", "1"):
        refuse({name: [gettext("Say 0 or 1.")]})
    return raw == "1"


def limit(default: int) -> int:
    """The argument `limit`, 1 to 200. Raises Refused 422."""
    raw = request.args.get("limit")
    if raw is None:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 6 and 1 <= int(raw) <= listing.MOST):
        refuse({"limit": [gettext("Give a number from 1 to %(most)s.", most=listing.MOST)]})
    return int(raw)


def question(definition: EntityDef) -> ListQuery:
    """The list that is asked for. Raises Refused 422 naming every argument that cannot be accepted."""
    args: MultiDict[str, str] = MultiDict(request.args)
    errors: Errors = {}
    for name, values in request.args.lists():
        if name in listing.RESERVED and name not in LIST:
            errors[name] = [gettext("There is no such argument.")]
        elif "" in values and name != "q":
            errors[name[:100]] = [gettext("Give a value.")]
        elif len(values) > (1 if name in LIST else MOST_VALUES):
            errors[name[:100]] = [gettext("Too many values.")]
    if len(args.get("q") or "") > LONGEST_SEARCH:
        errors["q"] = [gettext("At most %(most)s characters.", most=LONGEST_SEARCH)]
    elif args.get("q") and not searchable(actor(), definition):
        errors["q"] = [gettext("This cannot be searched.")]
    args.poplist("names")
    query = listing.parse(actor(), definition, cast(listing.Args, args), limit=PAGE)
    refuse({name[:100]: [text] for name, text in query.problems.items()} | errors)
    return query


def filters(caller: Actor, definition: EntityDef) -> Iterator[tuple[str, FieldDef, str]]:
    """(argument, field, operator) of every filter that the caller may use."""
    readable = policy.fields(caller, definition.key)
    for key, field in definition.fields.items():
        if key in readable and field.filterable:
            for operator in field.kind.operators:
                yield (key if operator == "eq" else f"{key}__{operator}"), field, operator


def sorts(caller: Actor, definition: EntityDef) -> list[str]:
    """Values of `sort` that the caller may use, each with its reverse."""
    readable = policy.fields(caller, definition.key)
    found = [key for key, field in definition.fields.items() if key in readable and listing.sortable(field)]
    return [sign + key for key in found for sign in ("", "-")]


def searchable(caller: Actor, definition: EntityDef) -> bool:
    """Whether the list takes `q` from the caller."""
    readable = policy.fields(caller, definition.key)
    return bool(definition.search_fields) and search.searchable_by(definition, readable)
