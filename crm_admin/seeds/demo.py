"""The demo: Sao Mai Equipment and nine months of its work, ending today. Made through the front door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import Any

from crm_admin import clock, registry
from crm_admin.basics import ensure_basics
from crm_admin.config import Config
from crm_admin.db import connection, database
from crm_admin.policy import Version
from crm_admin.roles import ROLES
from crm_admin.seeds import activity, company, office_hours
from crm_admin.seeds.activity import Life
from crm_admin.seeds.company import House
from crm_admin.seeds.corpus import story
from crm_admin.seeds.customers import Customer, Phonebook, Plan, plans, take_on
from crm_admin.seeds.diary import Diary

MARK = "demo"
"""Name of the counter that says the demo is in this database."""

SEED = 20
QUOTES = 6

Progress = Callable[[int, int], None]
"""Told after each thing done: how much of the whole, in any unit."""


def build(
    config: Config, *, customers: int = 400, password: str, progress: Progress | None = None
) -> list[tuple[str, str, str]]:
    """Make the demo company in an empty database of the current schema: (user name, role, password) of its people.

    The same but for the dates whenever it is made. In one transaction: a demo is whole or not there. Where there is
    one already nothing is done. Raises ValueError when somebody else's records are there.
    """
    with connection(), database.atomic():
        if not _is_built():
            _refuse_foreign_records()
            _make(config, customers, password, progress or _quietly)
            Version.create(name=MARK)
    return [(p.username, str(ROLES[company.ROLES.get(p.role, p.role)].label), password) for p in story.PEOPLE]


def _is_built() -> bool:
    return Version.get_or_none(Version.name == MARK) is not None


def _refuse_foreign_records() -> None:
    users = registry.entity("user").model
    if users.select(users.id).tuples().first() is not None:
        raise ValueError("the demo needs a database without people")


def _quietly(done: int, total: int) -> None:
    pass


def _make(config: Config, count: int, password: str, progress: Progress) -> None:
    now = clock.now()
    rng = Random(SEED)  # noqa: S311 — a story, not a secret
    house = House(config, rng, office_hours.local_day(now, story.TIME_ZONE))
    first = house.today - company.FIRST_DAY
    with clock.at(office_hours.on(first, 7, 0, story.TIME_ZONE)):
        ensure_basics(config)
        company.move_in(house, password)
    life = Life(house, Diary(now), Phonebook(rng))
    taken: list[Customer] = []
    days = company.FIRST_DAY.days - 2
    for plan in plans(rng, life.book, count, days):
        life.diary.enter(house.moment(plan.hand, first + plan.joins), partial(_join, life, plan, taken, days))
    for _ in range(max(12, round(count * activity.LEADS_PER_CUSTOMER))):
        life.diary.enter(
            house.moment("agent", first + company.FIRST_DAY * rng.random()), partial(activity.lead, life)
        )
    # Ten days back: what is agreed for this week was agreed the week before.
    life.diary.enter(now - timedelta(days=10), partial(_this_week, life, taken))
    whole = company.FIRST_DAY.days
    present = scenes(config)
    with clock.at(office_hours.on(first, 7, 0, story.TIME_ZONE)):
        for scene in present:
            scene.enter(config, life.diary)
    life.diary.live(lambda at: progress((office_hours.local_day(at, story.TIME_ZONE) - first).days, whole))
    for scene in present:
        scene.leave(config)


def scenes(config: Config) -> list[Any]:
    """What the enabled modules bring to the demo: their `demo.py`, in their order.

    `enter(config, diary)` before its time begins, `leave(config)` when it has come to today.
    """
    named = (f"{name}.demo" for name in config.modules.enabled)
    return [import_module(name) for name in named if find_spec(name) is not None]


def _join(life: Life, plan: Plan, taken: list[Customer], days: int) -> None:
    customer = take_on(life.house, plan, life.book)
    taken.append(customer)
    activity.begin(life, customer, days - plan.joins.days)


def _this_week(life: Life, taken: list[Customer]) -> None:
    """Enter what the cast has on its desk today: everybody works with the customers they may see."""
    for person in story.PEOPLE:
        own = [customer for customer in taken if customer.owner == person.username]
        activity.desk(life, person.username, own or taken)
        if own:
            activity.week(life, person.username, own)
    for customer in taken[:QUOTES]:
        life.soon(customer.hand, 1, partial(activity.quote, life, customer))
