"""What this actor may put on a record: writable fields, links to what they see, owners they may name."""

from __future__ import annotations

from peewee import fn

from crm_admin import policy, registry
from crm_admin.i18n import gettext
from crm_admin.kinds import FieldDef
from crm_admin.policy import Actor
from crm_admin.records.errors import Rejected
from crm_admin.records.parsing import Values
from crm_admin.registry import EntityDef, Record


def check(actor: Actor, definition: EntityDef, values: Values, record: Record) -> None:
    """Raise Rejected for what may not be set by this actor: foreign records, other people's ownership."""
    errors: dict[str, list[str]] = {}
    is_new = record.id is None
    writable = policy.fields(actor, definition.key, "write") if actor is not policy.SYSTEM else None
    for key, value in values.items():
        field = definition.fields[key]
        automatic = is_new and (key in ("owner", "team") or field.default is not None)
        if writable is not None and key not in writable and not automatic:
            errors.setdefault(key, []).append(gettext("There is no such field, or it cannot be set."))
        elif not _visible(actor, field.kind.references(value, field), field, record):
            errors.setdefault(key, []).append(gettext("There is no such record."))
    if definition.owned and {"owner", "team"} & values.keys():
        owner = values.get("owner", record.owner)
        team = values.get("team", record.team)
        if not _assignable(actor, definition, owner, team, record):
            errors.setdefault("owner", []).append(gettext("You may not give records to this person or team."))
    if errors:
        raise Rejected(errors)


def _assignable(
    actor: Actor, definition: EntityDef, owner: int | None, team: int | None, record: Record
) -> bool:
    if record.id is None and owner == actor.id and (team is None or team in actor.teams):
        return True
    if record.id is not None and (owner, team) == (record.owner, record.team):
        return True
    return policy.may_assign(actor, definition.key, owner, team)


def _visible(actor: Actor, references: list[tuple[str, int]], field: FieldDef, record: Record) -> bool:
    # Whoever they may see, everybody knows of themselves and of their teams: a new record is theirs.
    kept = {("user", actor.id), *(("team", team) for team in actor.teams)}
    if record.id is not None:
        kept |= set(field.kind.references(field.kind.read(record, field), field))
    wanted: dict[str, set[int]] = {}
    for entity, number in references:
        if (entity, number) not in kept:
            wanted.setdefault(entity, set()).add(number)
    for entity, ids in wanted.items():
        definition = registry.find(entity)
        if definition is None:
            return False
        seen = policy.scope(actor, entity, definition.model.select(fn.COUNT(definition.model.id)))
        if seen.where(definition.model.id.in_(sorted(ids))).scalar() != len(ids):
            return False
    return True
