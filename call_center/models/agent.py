"""A person at a phone: whether they can be rung, on what, and every change of that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from peewee import BigAutoField, DateTimeField, TextField

from crm_admin import clock, push
from crm_admin.compiled import CompiledQuery, slot
from crm_admin.db import LinkField, Table, database, joined

STATES = ("offline", "available", "ringing", "on_call", "wrap_up", "away", "not_responding")
"""`ringing` and `on_call` belong to a call; `wrap_up` follows one; `not_responding` let a call ring in vain."""

REACHABLE = ("available",)
AT_WORK = ("available", "ringing", "on_call", "wrap_up")
"""Whoever is in one of these will be free in a while."""

HEARTBEAT_S = 45
"""A browser phone that says nothing for so long is not rung."""


class Agent(Table):
    """One row a person who ever signed on at a phone. `device`: browser | phone; `next`: what follows the call."""

    id = BigAutoField()
    user = LinkField("user", unique=True)
    state = TextField(default="offline")
    since = DateTimeField(default=clock.now)
    reason = TextField(default="")
    device = TextField(default="browser")
    phone = TextField(null=True)
    tab = TextField(null=True)
    seen_at = DateTimeField(null=True)
    call = LinkField("call", null=True)
    next = TextField(null=True)

    class Meta:
        table_name = "call_agent"
        indexes = ((("state", "since"), False), (("call",), False))

    @property
    def identity(self) -> str:
        """Their name at the provider: says nothing about them."""
        return identity_of(self.user)


class AgentState(Table):
    """One stay of an agent in a state, from the moment it began; the next row of the agent ends it."""

    id = BigAutoField()
    user = LinkField("user")
    state = TextField()
    reason = TextField()
    call = LinkField("call", null=True)
    at = DateTimeField()

    class Meta:
        table_name = "call_agent_state"
        indexes = ((("user", "at"), False), (("at",), False))


_of_user = CompiledQuery(Agent, lambda: Agent.select().where(Agent.user == slot("user")))
_of_call = CompiledQuery(Agent, lambda: Agent.select().where(Agent.call == slot("call")))


_free = CompiledQuery(
    Agent,
    lambda: (
        Agent.select()
        .where(
            Agent.state.in_(REACHABLE),
            Agent.call.is_null(),
            (Agent.device == "phone") | (Agent.seen_at > slot("alive")),
        )
        .order_by(Agent.since, Agent.id)
    ),
)


def identity_of(user: int) -> str:
    """The identity under which a person's browser phone registers."""
    return f"agent_{user}"


def user_of(identity: str) -> int | None:
    """The person behind `agent_7` or `client:agent_7`; None for anything else."""
    number = identity.removeprefix("client:").removeprefix("agent_")
    known = identity.removeprefix("client:").startswith("agent_")
    return int(number) if known and number.isascii() and number.isdigit() and len(number) < 12 else None


def of(user: int) -> Agent | None:
    """The agent row of a person, None when they never were at a phone."""
    return _of_user.first(user=user)


def of_call(call: int) -> list[Agent]:
    """Whoever is rung for a call, in it, or has just been."""
    return _of_call(call=call)


def sign_on(user: int, *, device: str, phone: str | None, tab: str | None) -> Agent:
    """Put a person at a phone, available; one who is in a call stays in it and only changes tab."""
    with database.atomic():
        agent = of(user)
        if agent is None:
            Agent.insert(user=user, since=clock.now()).on_conflict_ignore().execute()
            agent = Agent.get(Agent.user == user)
        Agent.update(device=device, phone=phone, tab=tab, seen_at=clock.now()).where(
            Agent.id == agent.id
        ).execute()
        if agent.state in ("offline", "not_responding"):
            become(user, "available", "signed on")
        return Agent.get_by_id(agent.id)


def become(user: int, state: str, reason: str = "", call: int | None = None) -> None:
    """Change a person's state, noting it and telling their desk; the same again, for the same reason, does nothing."""
    now = clock.now()
    with joined():
        agent = of(user)
        if agent is None or (agent.state, agent.reason, agent.call) == (state, reason, call):
            return
        Agent.update(
            state=state, since=now, reason=reason, call=call, next=None if state == agent.next else agent.next
        ).where(Agent.id == agent.id).execute()
        AgentState.insert(user=user, state=state, reason=reason, call=call, at=now).execute()
        push.publish("agent", {"state": state}, users=[user])


def wish(user: int, state: str | None) -> None:
    """What a person will be once they are free: `away`, `offline`, or None for available."""
    Agent.update(next=state).where(Agent.user == user).execute()


def beat(user: int, tab: str) -> None:
    """The browser phone of that tab is alive."""
    Agent.update(seen_at=clock.now()).where(Agent.user == user, Agent.tab == tab).execute()


def reachable(users: Iterable[int] | None) -> list[Agent]:
    """Agents who can be rung now, of `users` (None: of all), whoever is idle longest first."""
    free = _free(alive=clock.ago(seconds=HEARTBEAT_S))
    if users is None:
        return free
    wanted = set(users)
    return [row for row in free if row.user in wanted]


def at_work(users: Iterable[int] | None) -> bool:
    """Whether anybody of `users` (None: at all) answers calls at present, free or not."""
    alive = Agent.seen_at > clock.ago(seconds=HEARTBEAT_S)
    query = Agent.select(Agent.id).where(Agent.state.in_(AT_WORK), (Agent.device == "phone") | alive)
    return (query if users is None else query.where(Agent.user.in_(list(users)))).exists()


def claim(user: int, call: int) -> bool:
    """Take an available agent for a call; False when somebody else was quicker. One call an agent, at one moment."""
    now = clock.now()
    with joined():
        taken = (
            Agent.update(state="ringing", since=now, reason="", call=call)
            .where(Agent.user == user, Agent.state.in_(REACHABLE), Agent.call.is_null())
            .execute()
        )
        if taken:
            AgentState.insert(user=user, state="ringing", reason="", call=call, at=now).execute()
    return bool(taken)


def stays(user: int, since: datetime) -> list[AgentState]:
    """The states of a person since a moment (UTC), oldest first."""
    return list(
        AgentState.select().where(AgentState.user == user, AgentState.at >= since).order_by(AgentState.id)
    )
