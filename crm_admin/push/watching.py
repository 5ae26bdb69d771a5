"""Who has a record open, and hears when it is written.

A page that stands open says so (`look`). The first write that touches its record ends the look and tells the page,
which fetches what is new and looks again: however fast writes follow each other, a page hears of them once per look.
What nobody looks at costs a transaction one query and tells nobody, so an import floods no one.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from weakref import WeakKeyDictionary

from peewee import BigAutoField, BigIntegerField, DateTimeField, OperationalError, TextField

from crm_admin import audit, clock, history, policy, registry
from crm_admin.db import LinkField, Table, after_commit, database
from crm_admin.policy import Actor
from crm_admin.push.event import publish

log = logging.getLogger(__name__)

EVENT = "record.touched"
LASTS = timedelta(hours=1)
LOOKS = 50
"""Of one person at a time; the oldest give way."""

NAMED = 200
"""Up to so many records of an entity are asked for by id; beyond, all looks at that entity are compared."""


class Look(Table):
    """One person has one record open, or had until `until`."""

    id = BigAutoField()
    user = LinkField("user")
    entity = TextField()
    record_id = BigIntegerField()
    until = DateTimeField()

    class Meta:
        table_name = "sys_look"
        indexes = ((("entity", "record_id", "user"), True), (("user", "id"), False))


def look(actor: Actor, entity: str, record_id: int) -> None:
    """Let `actor` hear of the next write to this record, within an hour. The caller has checked that they see it."""
    if actor.id is None:
        return
    key = (Look.user == actor.id, Look.entity == entity, Look.record_id == record_id)
    now = clock.now()
    if Look.select(Look.id).where(*key, Look.until > now + LASTS / 2).exists():
        return
    with database.atomic():
        Look.insert(user=actor.id, entity=entity, record_id=record_id, until=now + LASTS).on_conflict(
            conflict_target=(Look.entity, Look.record_id, Look.user), preserve=(Look.until,)
        ).execute()
        kept = Look.select(Look.id).where(Look.user == actor.id).order_by(Look.id.desc()).limit(LOOKS)
        Look.delete().where(Look.user == actor.id, Look.id.not_in([row.id for row in kept])).execute()


def prune() -> int:
    """Delete looks that are over; how many."""
    with database.atomic():
        return int(Look.delete().where(Look.until < clock.now()).execute())


def install() -> None:
    """Follow every write: what the audit notes, and the records on whose history a line shows."""
    audit.watch(_touch_one)
    history.watch(touch)


# ── the records that a transaction touches ──────────────────────────────────────────────────────────
_touched: WeakKeyDictionary[object, set[history.Subject]] = WeakKeyDictionary()


def touch(subjects: Iterable[history.Subject]) -> None:
    """Tell who looks at these records, once the present transaction has committed."""
    transaction = database.top_transaction()
    if transaction is None:
        tell(set(subjects))
        return
    touched = _touched.get(transaction)
    if touched is None:
        touched = _touched[transaction] = set()
        after_commit(lambda seen=touched: tell(seen))  # type: ignore[misc]
    touched.update(subjects)


def _touch_one(entity: str, record_id: int) -> None:
    touch([(entity, record_id)])


def tell(touched: set[history.Subject]) -> None:
    """Tell those who look at one of these records, and may still read it, that it was written; end their looks."""
    try:
        looks = _looks_at(touched)
        if looks:
            with database.atomic():
                Look.delete().where(Look.id.in_([look.id for look in looks])).execute()
                for (entity, record_id), users in _audiences(looks).items():
                    publish(EVENT, {}, users=users, entity=entity, record_id=record_id)
    except OperationalError as error:
        # The write itself is done: whoever looks finds it a little later.
        log.warning("nobody was told of a write: %s", error)


def _looks_at(touched: set[history.Subject]) -> list[Look]:
    ids: dict[str, list[int]] = defaultdict(list)
    for entity, record_id in touched:
        ids[entity].append(record_id)
    found: list[Look] = []
    for entity, numbers in ids.items():
        query = Look.select().where(Look.entity == entity, Look.until > clock.now())
        if len(numbers) <= NAMED:
            query = query.where(Look.record_id.in_(numbers))
        found += [look for look in query if (entity, look.record_id) in touched]
    return found


def _audiences(looks: list[Look]) -> dict[history.Subject, list[int]]:
    """Record → those who look at it and may still see it, asked of the policy at this moment."""
    model = registry.entity("user").model
    version = policy.version()
    active = model.id.in_({look.user for look in looks}) & model.active & model.deleted_at.is_null()
    actors = {person.id: policy.actor(person, version) for person in model.select().where(active)}
    audiences: dict[history.Subject, list[int]] = defaultdict(list)
    for look in looks:
        # A record that has just been deleted too: its page is to say so.
        record = registry.entity(look.entity).model(id=look.record_id)
        if look.user in actors and policy.can(actors[look.user], "read", look.entity, record):
            audiences[look.entity, look.record_id].append(look.user)
    return audiences
