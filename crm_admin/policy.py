"""THE ONE JUDGE of who sees and does what.

Role × entity × action gives a level, role × field gives read and write; both come from one rule table. A level
compiles to one SQL predicate and fields to one set, so that "may I see this?" and "which may I see?" cannot disagree.
Every surface starts from `scope()`. A record out of reach answers exactly like a missing one.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import peewee
from peewee import OP, SQL, BooleanField, Expression, Node, TextField, Value

from crm_admin import registry
from crm_admin.db import LinkField, Table
from crm_admin.i18n import Text, lazy_gettext
from crm_admin.kinds import FieldDef
from crm_admin.kinds.links import RecordLink
from crm_admin.registry import EntityDef, Record
from crm_admin.roles import ADMINISTRATOR, ROLES, default_level

ACTIONS = ("read", "create", "update", "delete", "export", "import", "assign", "design")

ACTION_LABELS: dict[str, Text] = {
    "read": lazy_gettext("See"),
    "create": lazy_gettext("Create"),
    "update": lazy_gettext("Change"),
    "delete": lazy_gettext("Delete"),
    "export": lazy_gettext("Export"),
    "import": lazy_gettext("Import"),
    "assign": lazy_gettext("Assign"),
    "design": lazy_gettext("Design"),
}


class Grant(Table):
    """A decided cell of the matrix: what `role` may do with records of `entity`."""

    role = LinkField("role")
    entity = TextField()
    action = TextField()
    level = TextField()

    class Meta:
        table_name = "sys_grant"
        indexes = ((("role", "entity", "action"), True),)


class FieldGrant(Table):
    """A decided cell of the field matrix: whether `role` reads and writes one field."""

    role = LinkField("role")
    entity = TextField()
    field = TextField()
    read = BooleanField()
    write = BooleanField()

    class Meta:
        table_name = "sys_field_grant"
        indexes = ((("role", "entity", "field"), True),)


class Version(Table):
    """Counters by which processes see that rights or the schema have changed."""

    name = TextField(primary_key=True)
    value = peewee.IntegerField(default=1)

    class Meta:
        table_name = "sys_version"


@dataclass(frozen=True)
class Rights:
    """What one role may do, compiled. `grants[(entity, action)]` is a level, `hidden`/`fixed` are decided fields."""

    role: str
    grants: dict[tuple[str, str], str] = field(default_factory=dict)
    fields: dict[tuple[str, str], tuple[bool, bool]] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for roles that may do the same: views are compiled once per fingerprint."""
        text = repr((self.role, sorted(self.grants.items()), sorted(self.fields.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, a program with a person's token, or the system itself (`SYSTEM`)."""

    id: int | None
    rights: Rights
    teams: frozenset[int] = frozenset()
    name: str = ""
    scopes: frozenset[str] | None = None

    @property
    def is_administrator(self) -> bool:
        return self.rights.role == ADMINISTRATOR

    @property
    def profile(self) -> str:
        """Compiled views may be shared by actors of one profile."""
        return self.rights.fingerprint + ("" if self.scopes is None else ":" + ",".join(sorted(self.scopes)))


SYSTEM = Actor(id=None, rights=Rights(ADMINISTRATOR), name="system")
NOBODY = Actor(id=None, rights=Rights("nobody"))

Predicate = Callable[[Actor, EntityDef, Any], Node]


@dataclass(frozen=True)
class Level:
    """How far a right reaches; a higher `rank` includes the lower ones. `predicate` is None for "everything"."""

    key: str
    label: Text
    rank: int
    predicate: Predicate | None


def _nothing(actor: Actor, definition: EntityDef, model: Any) -> Node:
    return SQL("1 = 0")


def _own(actor: Actor, definition: EntityDef, model: Any) -> Node:
    if actor.id is None:
        return SQL("1 = 0")
    if definition.key == "user":
        return model.id == actor.id
    return model.owner == actor.id if definition.owned else SQL("1 = 0")


def _team(actor: Actor, definition: EntityDef, model: Any) -> Node:
    own = _own(actor, definition, model)
    if not actor.teams or not definition.owned:
        return own
    return own | model.team.in_(sorted(actor.teams))


LEVELS: dict[str, Level] = {
    "none": Level("none", lazy_gettext("none"), 0, _nothing),
    "own": Level("own", lazy_gettext("own"), 10, _own),
    "team": Level("team", lazy_gettext("team"), 20, _team),
    "all": Level("all", lazy_gettext("all"), 100, None),
}


def level(actor: Actor, action: str, entity: str) -> Level:
    """How far `actor` may go with `action` on records of `entity`; `none` for anything unknown."""
    definition = registry.find(entity)
    if definition is None or action not in ACTIONS or not _in_scopes(actor, action, entity):
        return LEVELS["none"]
    if actor.is_administrator:
        return LEVELS["all"]
    decided = actor.rights.grants.get((entity, action))
    return LEVELS[decided or default_level(actor.rights.role, definition.access, action)]


def can(actor: Actor, action: str, entity: str, record: Record | None = None) -> bool:
    """Whether `actor` may do `action` with `record`, or with any record of `entity` at all when none is given."""
    reach = level(actor, action, entity)
    if reach.rank == 0:
        return False
    if record is None:
        return True
    if action != "read" and level(actor, "read", entity).rank == 0:
        return False
    definition = registry.entity(entity)
    limits = [predicate(actor, needed, definition) for needed in dict.fromkeys(("read", action))]
    if not any(limit is not None for limit in limits):
        return True
    row = definition.model.select(Value(1)).where(definition.model.id == record.id)
    for limit in limits:
        if limit is not None:
            row = row.where(limit)
    return row.tuples().first() is not None


def scope(
    actor: Actor, entity: str, query: peewee.ModelSelect | None = None, action: str = "read"
) -> peewee.ModelSelect:
    """`query` (default: all columns) over the records `actor` may do `action` with. Deleted ones are left out."""
    definition = registry.find(entity)
    if definition is None:
        raise KeyError(entity)
    model = definition.model
    query = model.select() if query is None else query
    query = query.where(model.deleted_at.is_null())
    for needed in dict.fromkeys(("read", action)):
        reach = predicate(actor, needed, definition)
        if reach is not None:
            query = query.where(reach)
    return query


def predicate(actor: Actor, action: str, definition: EntityDef, model: Any = None) -> Node | None:
    """The condition under which `actor` may do `action`; None when there is no limit."""
    model = definition.model if model is None else model
    reach = level(actor, action, definition.key)
    limits = [] if reach.predicate is None else [reach.predicate(actor, definition, model)]
    if definition.through is not None:
        limits += [_through(actor, definition, model, key) for key in definition.through.fields]
    if not limits:
        return None
    combined = limits[0]
    for limit in limits[1:]:
        combined = Expression(combined, OP.AND, limit)
    return combined


def _through(actor: Actor, definition: EntityDef, model: Any, key: str) -> Node:
    """Visible because the record that the link field `key` points at is visible."""
    via = definition.fields[key]
    targets = via.option("targets")
    if targets is None:
        return visible(actor, str(via.option("target")), getattr(model, via.name))
    entity_column = via.kind.column(via, model, "entity")
    id_column = via.kind.column(via, model, "id")
    open_to_author = entity_column.is_null() & _own(actor, definition, model)
    found: Node = open_to_author
    for target in targets:
        if level(actor, "read", target).rank == 0:
            continue
        found = found | ((entity_column == target) & visible(actor, target, id_column))
    return found


def visible(actor: Actor, target: str, column: Node) -> Node:
    """The condition that the id in `column` is that of a record of `target` which `actor` may read."""
    definition = registry.entity(target)
    inner = definition.model.alias()
    seen = inner.select(inner.id).where(inner.id == column, inner.deleted_at.is_null())
    limit = predicate(actor, "read", definition, inner)
    if limit is not None:
        seen = seen.where(limit)
    # Not EXISTS: below an OR, PostgreSQL answers that by hashing all of the target, a second for a million records.
    return Expression(seen, OP.IS_NOT, None)


def fields(actor: Actor, entity: str, mode: str = "read") -> frozenset[str]:
    """Keys of the fields of `entity` that `actor` may read, or write (`mode="write"`)."""
    definition = registry.find(entity)
    if definition is None or level(actor, "read", entity).rank == 0:
        return frozenset()
    return frozenset(f.key for f in definition.fields.values() if _field_allowed(actor, definition, f, mode))


def _field_allowed(actor: Actor, definition: EntityDef, target: FieldDef, mode: str) -> bool:
    if target.retired:
        return False
    if mode == "write" and (target.system or target.kind.computed):
        return False
    if mode == "write" and target.key in ("owner", "team"):
        return level(actor, "assign", definition.key).rank > 0
    if actor.is_administrator:
        return True
    decided = actor.rights.fields.get((definition.key, target.key))
    if decided is not None:
        return decided[0] if mode == "read" else decided[0] and decided[1]
    if target.private:
        role = ROLES.get(actor.rights.role)
        return role is not None and role.private
    return True


def may_assign(actor: Actor, entity: str, owner: int | None, team: int | None) -> bool:
    """Whether `actor` may give a record to this owner and team."""
    reach = level(actor, "assign", entity)
    if reach.rank >= LEVELS["all"].rank:
        return True
    if reach.rank == 0:
        return False
    own_team = team is None or team in actor.teams
    if reach.key == "own":
        return owner in (None, actor.id) and own_team
    return own_team and (owner in (None, actor.id) or _is_colleague(actor, owner))


def _is_colleague(actor: Actor, user: int | None) -> bool:
    return bool(user and actor.teams & teams_of(user))


def teams_of(user: int) -> frozenset[int]:
    """Ids of the teams a user belongs to."""
    rows = RecordLink.select(RecordLink.target_id).where(
        RecordLink.entity == "user", RecordLink.field == "teams", RecordLink.record_id == user
    )
    return frozenset(row.target_id for row in rows)


def _in_scopes(actor: Actor, action: str, entity: str) -> bool:
    """A token narrows its owner's rights: `read`, `write`, `<entity>:read`, `<entity>:write`; no scopes, no limit."""
    if actor.scopes is None:
        return True
    kind = "read" if action in ("read", "export") else "write"
    wanted = {kind, f"{entity}:{kind}"} | ({"write", f"{entity}:write"} if kind == "read" else set())
    return bool(actor.scopes & wanted)


# ── compiled rights, shared by all actors of a process until the version moves ──────────────────────
_lock = threading.Lock()
_rights: dict[int, Rights] = {}
_teams: dict[int, frozenset[int]] = {}
_version: int | None = None


def actor(user: Any, version: int, scopes: Iterable[str] | None = None) -> Actor:
    """The actor of a signed-in user row (`id`, `role`, `name`); `version` is the policy version just read."""
    global _version
    with _lock:
        if version != _version:
            _rights.clear()
            _teams.clear()
            _version = version
        rights, teams = _rights.get(user.role), _teams.get(user.id)
    rights = rights or compile_rights(user.role)
    teams = teams if teams is not None else teams_of(user.id)
    with _lock:
        if version == _version:
            _rights[user.role], _teams[user.id] = rights, teams
    return Actor(
        id=user.id,
        rights=rights,
        teams=teams,
        name=user.name,
        scopes=None if scopes is None else frozenset(scopes),
    )


def forget() -> None:
    """Drop all compiled rights: another database is about to be used."""
    global _version
    with _lock:
        _rights.clear()
        _teams.clear()
        _version = None


def compile_rights(role_id: int) -> Rights:
    """The rights of a role, from the rule tables."""
    role = registry.entity("role").model.get_by_id(role_id)
    grants = {
        (g.entity, g.action): g.level
        for g in Grant.select().where(Grant.role == role_id)
        if g.level in LEVELS
    }
    decided = {
        (g.entity, g.field): (g.read, g.write) for g in FieldGrant.select().where(FieldGrant.role == role_id)
    }
    return Rights(role.key, grants, decided)


def version(name: str = "policy") -> int:
    """The current counter of `policy` or `schema`; 1 before the first change."""
    row = Version.get_or_none(Version.name == name)
    return row.value if row else 1


def bump(name: str = "policy") -> None:
    """Tell every process that rights (or the schema) have changed; in the transaction of the change."""
    Version.insert(name=name, value=2).on_conflict(
        conflict_target=[Version.name], update={Version.value: Version.value + 1}
    ).execute()
