"""The bulk seed's people and companies, in batches that depend on nothing but the seed and their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from crm_admin.entities.note import headline
from crm_admin.entities.person import person_name
from crm_admin.kinds.money import Money
from crm_admin.kinds.phone import Phone
from crm_admin.kinds.place import Place
from crm_admin.kinds.subject import Ref
from crm_admin.seeds.corpus import companies, emails, people, phones, places, texts
from crm_admin.seeds.corpus.tables import spin, wheel
from crm_admin.seeds.customers import INDUSTRIES, JOBS, LANGUAGES
from crm_admin.seeds.layout import Draft, Rows, put

PER = {"account": 10, "contact": 1, "opportunity": 20, "task": 20, "note": 20}
"""One record of each for so many contacts."""

EVENTS = ("opportunity", "task", "note")
BATCH = 2_000
"""Contacts in a batch: a multiple of every number in `PER`."""

YEARS = 3

_TIERS = wheel((("A", 10), ("B", 25), ("C", 40), ("D", 25)))
_TYPES = wheel((("prospect", 55), ("customer", 38), ("supplier", 4), ("partner", 3)))
_SOURCES = wheel(
    (("phone", 30), ("referral", 20), ("website", 18), ("visit", 14), ("social", 10), ("event", 8))
)
_PRIORITIES = wheel((("low", 15), ("normal", 60), ("high", 20), ("urgent", 5)))
_STATUSES = wheel((("done", 70), ("open", 25), ("in_progress", 5)))
_FORECASTS = {"open": "pipeline", "won": "closed", "lost": "omitted"}


@dataclass(frozen=True)
class Stage:
    """What a sale needs to know of a stage."""

    id: int
    pipeline: int
    kind: str
    probability: Decimal | None


@dataclass(frozen=True)
class Ground:
    """What the new records stand on: the people, tags and stages there are, and the first id of each kind of record.

    `first["history"]` is that of history lines. Everything happens before `now` (UTC).
    """

    seed: int
    contacts: int
    now: datetime
    owners: tuple[tuple[int, int], ...]
    tags: tuple[int, ...]
    stages: tuple[Stage, ...]
    first: dict[str, int]

    @property
    def batches(self) -> int:
        return -(-self.contacts // BATCH)

    def count(self, entity: str) -> int:
        """How many records of `entity` there will be."""
        return -(-self.contacts // PER[entity])

    def ids(self, entity: str, batch: int) -> range:
        """The ids of one batch."""
        each = BATCH // PER[entity]
        first = self.first[entity] + batch * each
        return range(first, min(first + each, self.first[entity] + self.count(entity)))

    def line(self, entity: str, number: int) -> int:
        """Id of the history line of an event."""
        before = sum(self.count(kind) for kind in EVENTS[: EVENTS.index(entity)])
        return self.first["history"] + before + number - self.first[entity]


def rows(ground: Ground, batch: int) -> Rows:
    """Everything that a batch leaves in the database."""
    found: Rows = {}
    for draft in drafts(ground, batch):
        put(draft, found)
    return found


@dataclass(frozen=True)
class _Company:
    """An account and what its people share with it."""

    id: int
    name: str
    domain: str
    country: str
    city: str
    owner: int
    team: int
    at: datetime


@dataclass(frozen=True)
class _Person:
    id: int
    name: str
    company: _Company


def drafts(ground: Ground, batch: int) -> Iterator[Draft]:
    """The records of a batch: accounts, then contacts, sales, tasks and notes."""
    rng = Random(f"{ground.seed}:{batch}")  # noqa: S311 — a story, not a secret
    firms: list[_Company] = []
    for number in ground.ids("account", batch):
        firm, draft = _account(rng, ground, number)
        firms.append(firm)
        yield draft
    known: list[_Person] = []
    for number in ground.ids("contact", batch):
        person, draft = _contact(rng, ground, number, firms)
        known.append(person)
        yield draft
    for number in ground.ids("opportunity", batch):
        yield _sale(rng, ground, number, spin(rng, known))
    for number in ground.ids("task", batch):
        yield _task(rng, ground, number, spin(rng, known))
    for number in ground.ids("note", batch):
        yield _note(rng, ground, number, spin(rng, known))


def _account(rng: Random, ground: Ground, number: int) -> tuple[_Company, Draft]:
    country = places.country(rng)
    at = places.address(rng, country)
    firm = companies.company(rng, country, at.city)
    owner, team = spin(rng, ground.owners)
    made = ground.now - timedelta(seconds=int(rng.random() * YEARS * 365 * 86_400))
    line = phones.landline(rng, country, at.city)
    values: dict[str, Any] = {
        "name": firm.name,
        "type": spin(rng, _TYPES),
        "tier": spin(rng, _TIERS),
        "industry": INDUSTRIES[firm.industry],
        "phone": Phone(line.raw, line.e164),
        "email": f"info@{firm.domain}",
        "website": f"https://www.{firm.domain}",
        "address": Place(
            at.street, at.ward or None, at.district, at.city, at.province, at.postal_code, country, at.lat, at.lon,
            "street", 100, "import",
        ),
        "employees": 2 + int(rng.random() ** 4 * 400),
        "do_not_call": rng.random() < 0.02,
        "owner": owner,
        "team": team,
    }  # fmt: skip
    if rng.random() < 0.2:
        values["tags"] = (spin(rng, ground.tags),)
    company = _Company(number, firm.name, firm.domain, country, at.city, owner, team, made)
    return company, Draft("account", number, values, made, owner)


def _contact(rng: Random, ground: Ground, number: int, firms: list[_Company]) -> tuple[_Person, Draft]:
    firm = spin(rng, firms)
    someone, mobile = people.person(rng, firm.country), phones.mobile(rng, firm.country)
    language = LANGUAGES.get(firm.country, "en")
    name = person_name(someone.family, someone.middle, someone.given, firm.country)
    made = firm.at + (ground.now - firm.at) * (rng.random() ** 2)
    values: dict[str, Any] = {
        "name": name,
        "family_name": someone.family,
        "given_name": someone.given,
        "job_title": spin(rng, JOBS[language])[0],
        "account": firm.id,
        "mobile": Phone(mobile.raw, mobile.e164),
        "email": emails.email(rng, someone, firm.domain),
        "language": language,
        "owner": firm.owner,
        "team": firm.team,
    }
    if someone.middle:
        values["middle_name"] = someone.middle
    if rng.random() < 0.15:
        line = phones.landline(rng, firm.country, firm.city)
        values["phone"] = Phone(line.raw, line.e164)
    if rng.random() < 0.1:
        values["tags"] = (spin(rng, ground.tags),)
    return _Person(number, name, firm), Draft("contact", number, values, made, firm.owner)


def _sale(rng: Random, ground: Ground, number: int, person: _Person) -> Draft:
    stage, made = spin(rng, ground.stages), _since(rng, ground, person)
    slots, language, product = _slots(rng, person)
    values: dict[str, Any] = {
        "name": texts.opportunity(rng, language, slots),
        "account": person.company.id,
        "contact": person.id,
        "pipeline": stage.pipeline,
        "stage": stage.id,
        "amount": Money(product.price_vnd * spin(rng, (1, 1, 2, 3)), "VND"),
        "probability": stage.probability,
        "close_date": (made + timedelta(days=20 + rng.random() * 70)).date(),
        "forecast_category": _FORECASTS[stage.kind],
        "lead_source": spin(rng, _SOURCES),
        "stage_entered_at": made,
        **_owned(person),
    }
    if stage.kind != "open":
        values["closed_at"] = made
    above = (("account", person.company.id), ("contact", person.id))
    return Draft(
        "opportunity", number, values, made, person.company.owner, above, ground.line("opportunity", number)
    )


def _task(rng: Random, ground: Ground, number: int, person: _Person) -> Draft:
    made, status = _since(rng, ground, person), spin(rng, _STATUSES)
    slots, language, _ = _slots(rng, person)
    values: dict[str, Any] = {
        "subject": texts.task(rng, language, slots),
        "regarding": Ref("contact", person.id),
        "status": status,
        "priority": spin(rng, _PRIORITIES),
        "due_at": made + timedelta(days=1 + int(rng.random() * 14)),
        **_owned(person),
    }
    if status == "done":
        values["done_at"] = made
    return Draft(
        "task", number, values, made, person.company.owner, _above(person), ground.line("task", number)
    )


def _note(rng: Random, ground: Ground, number: int, person: _Person) -> Draft:
    slots, language, _ = _slots(rng, person)
    body = texts.note(rng, language, slots)
    values = {"name": headline(body), "body": body, "regarding": Ref("contact", person.id), **_owned(person)}
    made = _since(rng, ground, person)
    return Draft(
        "note", number, values, made, person.company.owner, _above(person), ground.line("note", number)
    )


def _slots(rng: Random, person: _Person) -> tuple[texts.Slots, str, texts.Product]:
    language, product = LANGUAGES.get(person.company.country, "en"), spin(rng, texts.products())
    return (
        texts.Slots(person.name, person.company.name, product.names[language], person.company.city),
        language,
        product,
    )


def _above(person: _Person) -> tuple[tuple[str, int], ...]:
    return ("contact", person.id), ("account", person.company.id)


def _owned(person: _Person) -> dict[str, int]:
    return {"owner": person.company.owner, "team": person.company.team}


def _since(rng: Random, ground: Ground, person: _Person) -> datetime:
    """Some moment between the day the company became known and now."""
    return person.company.at + (ground.now - person.company.at) * rng.random()
