"""A call as the people at the phones reach it: by number or by the opaque id that rang along with it.

The ordinary rights decide. They are wider in one point: a call that rings at somebody's phone, or that they had, is
theirs to see, whoever's customer it is; and once they work on it, it is handed over to them.
"""

from __future__ import annotations

from typing import cast

from flask import abort
from peewee import Node

from call_center.models.agent import Agent
from call_center.models.call import Call
from crm_admin import policy, records
from crm_admin.db import database
from crm_admin.policy import Actor

LONGEST_UID = 64


def seen(actor: Actor, key: str) -> Call:
    """The call with this id or uid, if `actor` may see it; else 404."""
    named = _named(key)
    call = policy.scope(actor, "call").where(named).first()
    if call is None:
        call = Call.select().where(named, Call.deleted_at.is_null()).first()
        if call is None or not at_their_phone(actor, call):
            abort(404)
    return cast(Call, call)


def for_work(actor: Actor, key: str) -> Call:
    """The same, to write on: handed over to `actor` where it is their conversation, or nobody's yet. Else 403."""
    call = seen(actor, key)
    if policy.can(actor, "update", "call", call):
        return call
    if policy.level(actor, "update", "call").rank == 0 or not _may_take(actor, call):
        abort(403)
    with database.atomic():
        return cast(Call, records.update(policy.SYSTEM, call, {"owner": actor.id}))


def may_work(actor: Actor, call: Call) -> bool:
    """Whether `for_work` would give the call."""
    if policy.level(actor, "update", "call").rank == 0:
        return False
    return policy.can(actor, "update", "call", call) or _may_take(actor, call)


def at_their_phone(actor: Actor, call: Call) -> bool:
    """Whether the call rings at the phone of `actor`, is on it now, or was theirs."""
    if actor.id is None:
        return False
    if call.agent == actor.id:
        return True
    return Agent.select(Agent.id).where(Agent.user == actor.id, Agent.call == call.id).exists()


def _may_take(actor: Actor, call: Call) -> bool:
    return at_their_phone(actor, call) or (
        call.owner is None and policy.may_assign(actor, "call", actor.id, call.team)
    )


def _named(key: str) -> Node:
    if key.isascii() and key.isdigit() and len(key) < 16:
        return cast(Node, Call.id == int(key))
    return cast(Node, Call.uid == key[:LONGEST_UID])
