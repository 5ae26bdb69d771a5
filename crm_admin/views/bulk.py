"""One change to many ticked records: all that the person may change, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Request

from crm_admin import forms, policy, records
from crm_admin.db import database
from crm_admin.kinds import Reader
from crm_admin.policy import Actor
from crm_admin.records import Forbidden, NotFound, Rejected, Values
from crm_admin.registry import EntityDef
from crm_admin.views.form_page import request_data, writable

MOST = 1000
"""Records of one bulk action at most."""

NAMED = 3
"""Records that a message names."""


@dataclass
class ChangeForm:
    """The two steps of "change a field": which field, then its new value. `ready` once the value is sound."""

    choices: list[dict[str, str]]
    chosen: str = ""
    form: Any = None
    ready: bool = False
    values: Values = field(default_factory=dict)

    def refuse(self, errors: dict[str, list[str]]) -> None:
        self.ready = False
        self.form[self.chosen].errors = [text for texts in errors.values() for text in texts]


def delete(actor: Actor, definition: EntityDef, ids: list[int]) -> tuple[int, int, list[str]]:
    """Move records to the recycle bin; how many went, how many may not be deleted by this actor, why others stay."""
    kept: dict[str, list[str]] = {}
    done, refused = _each(
        actor, definition, ids, "delete", lambda record: records.delete(actor, record), kept
    )
    return done, refused, [f"{_some(names)}: {reason}" for reason, names in kept.items()]


def undelete(actor: Actor, definition: EntityDef, since: datetime, until: datetime) -> int:
    """Bring back what `actor` deleted between two moments (UTC), as far as they may still; how many records."""
    model = definition.model
    mine = records.deleted(actor, definition.key).where(
        model.deleted_by == actor.id, model.deleted_at.between(since, until)
    )
    with database.atomic():
        ids = [record.id for record in mine.limit(MOST)]
        for number in ids:
            records.restore(actor, definition.key, number)
    return len(ids)


def change(actor: Actor, definition: EntityDef, ids: list[int], values: Values) -> tuple[int, int]:
    """Set values on records, all or none; how many were set, and how many may not be. Raises Rejected."""
    return _each(actor, definition, ids, "update", lambda record: records.update(actor, record, dict(values)))


def _each(
    actor: Actor,
    definition: EntityDef,
    ids: list[int],
    wanted: str,
    do: Any,
    kept: dict[str, list[str]] | None = None,
) -> tuple[int, int]:
    """Without `kept` one Rejected ends it all; else the names of those it concerns gather there under its reason."""
    done = refused = 0
    with database.atomic():
        for number in dict.fromkeys(ids):
            try:
                record = records.get(actor, definition.key, number, wanted)
                do(record)
                done += 1
            except (NotFound, Forbidden):
                refused += 1
            except Rejected as error:
                if kept is None:
                    raise
                reason = " ".join(text for texts in error.errors.values() for text in texts)
                kept.setdefault(reason, []).append(definition.name_of(record))
    return done, refused


def _some(names: list[str]) -> str:
    """The first of many names: a message travels in a cookie."""
    return ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else "")


def change_form(actor: Actor, definition: EntityDef, request: Request, reader: Reader) -> ChangeForm:
    """The form as far as it has been filled in."""
    allowed = [key for key in writable(actor, definition) if not definition.fields[key].unique]
    made = ChangeForm([{"key": key, "label": str(definition.fields[key].label)} for key in allowed])
    chosen = request.form.get("field", "")
    if chosen not in allowed or chosen not in policy.fields(actor, definition.key, "write"):
        return made
    made.chosen = chosen
    setting = "set" in request.form
    posted = request_data(request) if setting else None
    made.form = forms.form_class([definition.fields[chosen]])(posted, meta={"reader": reader})
    if setting and made.form.validate():
        made.ready, made.values = True, {chosen: made.form[chosen].data}
    return made
