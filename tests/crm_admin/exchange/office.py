"""What is done with files in an office: records are made, lists are brought in."""

from __future__ import annotations

from typing import Any

from crm_admin import policy, records, registry
from crm_admin.entities.role import Role
from crm_admin.entities.user import User
from crm_admin.exchange import batch as imports
from crm_admin.exchange.batch import Import
from crm_admin.policy import Actor
from crm_admin.records import Values


def actor_of(username: str) -> Actor:
    """One of the cast, with the rights of this moment."""
    return policy.actor(User.get(User.username == username), policy.version())


def grant(entity: str, action: str, level: str, role: str = "back_office") -> None:
    """Decide one cell of the rights of a role."""
    policy.Grant.create(role=Role.get(Role.key == role).id, entity=entity, action=action, level=level)
    policy.bump()


def hide(entity: str, field: str, role: str = "back_office", read: bool = False) -> None:
    """Take a field from a role: out of sight, or (`read`) only out of its hands."""
    policy.FieldGrant.create(
        role=Role.get(Role.key == role).id, entity=entity, field=field, read=read, write=False
    )
    policy.bump()


def make(entity: str, actor: Actor = policy.SYSTEM, **raw: Any) -> Any:
    """A record of raw values."""
    definition = registry.entity(entity)
    reader = records.reader(actor)
    values: Values = {key: f.kind.parse(raw[key], f, reader) for key in raw for f in [definition.fields[key]]}
    return records.create(actor, entity, values, reader=reader)


def drafted(actor: Actor, entity: str, content: bytes | str, name: str = "list.csv", **plan: Any) -> Import:
    """An import as the wizard leaves it before "start": the proposed mapping, with `plan` instead where given."""
    data = content.encode() if isinstance(content, str) else content
    made = imports.draft(actor, registry.entity(entity), name, data, records.reader(actor))
    for key, value in plan.items():
        setattr(made, key, value)
    made.save()
    assert made.plan.problems(actor, registry.entity(entity)) == []
    return made


def imported(actor: Actor, entity: str, content: bytes | str, name: str = "list.csv", **plan: Any) -> Import:
    """An import carried out."""
    made = drafted(actor, entity, content, name, **plan)
    imports.run(actor, made)
    return made


def counts(made: Import) -> tuple[int, int, int, int]:
    """(created, updated, skipped, failed)."""
    return made.created, made.updated, made.skipped, made.failed
