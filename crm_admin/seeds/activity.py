"""What happens with a customer of the demo company over the months: sales, cases, tasks, meetings, notes, leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from crm_admin import clock, conversion, records, registry
from crm_admin.kinds.base import Upload
from crm_admin.registry import Record
from crm_admin.seeds import office_hours
from crm_admin.seeds.company import House, Raw, Way
from crm_admin.seeds.corpus import companies, emails, people, places, story, texts
from crm_admin.seeds.corpus.tables import spin, wheel
from crm_admin.seeds.customers import LANGUAGES, Customer, Phonebook, place
from crm_admin.seeds.diary import Diary

SALES_PER_CUSTOMER = 0.4
CASES_PER_CUSTOMER = 0.2
TASKS_PER_CUSTOMER = 0.4
MEETINGS_PER_CUSTOMER = 0.25
NOTES_PER_CUSTOMER = 0.7
LEADS_PER_CUSTOMER = 0.12

_SERVICE_LINES = ("service",)
_LOST = wheel(
    (("price", 34), ("competitor", 22), ("timing", 18), ("budget", 14), ("no_answer", 8), ("other", 4))
)
_SOURCES = wheel(
    (("phone", 30), ("referral", 20), ("website", 18), ("visit", 14), ("social", 10), ("event", 8))
)
_PRIORITIES = wheel((("low", 15), ("normal", 55), ("high", 22), ("urgent", 8)))
_CASE_TYPES = wheel((("problem", 60), ("complaint", 12), ("request", 16), ("question", 8), ("return", 4)))
_CASE_ORIGINS = wheel((("phone", 65), ("email", 15), ("website", 6), ("chat", 8), ("visit", 6)))
_DAYS_TO_SOLVE = {"urgent": 1, "high": 2, "normal": 4, "low": 9}
_RESOLVED = {
    "en": "Part replaced and tested with the customer.",
    "vi": "Đã thay linh kiện và chạy thử cùng khách.",
    "zh": "已更换配件,并与客户一起试机。",
}
_OUTCOMES = {
    "en": "Good talk; they expect a quote this week.",
    "vi": "Trao đổi tốt, khách chờ báo giá trong tuần.",
    "zh": "沟通顺利,客户本周等报价。",
}
_RATINGS = wheel((("hot", 20), ("warm", 45), ("cold", 35)))


@dataclass
class Life:
    """The company, its diary and its phone book: what every activity needs at hand."""

    house: House
    diary: Diary
    book: Phonebook

    def soon(self, who: str, days: float, action: Callable[[], object]) -> None:
        """Have `who` do something about `days` days from now."""
        self.diary.enter(self.house.later(who, days), action)

    def product(self, *lines: str) -> tuple[int, texts.Product]:
        """Something from the catalogue, of these lines where any are named."""
        return spin(self.house.rng, [p for p in self.house.products if not lines or p[1].line in lines])

    def times(self, average: float) -> int:
        """How often something happens to one customer that happens `average` times to each."""
        return int(average + self.house.rng.random())


def begin(life: Life, customer: Customer, days_left: int) -> None:
    """Enter what will happen with a customer in the `days_left` days until today; now is the day they came."""
    for average, act in (
        (SALES_PER_CUSTOMER, sale),
        (CASES_PER_CUSTOMER, case),
        (TASKS_PER_CUSTOMER, task),
        (MEETINGS_PER_CUSTOMER, meeting),
        (NOTES_PER_CUSTOMER, note),
    ):
        for _ in range(life.times(average)):
            life.soon(customer.hand, days_left * life.house.rng.random(), partial(act, life, customer))


def note(life: Life, customer: Customer) -> None:
    """Somebody writes down what was said, about the account, one of its people, or for the office."""
    rng = life.house.rng
    who = customer.hand if rng.random() < 0.7 else spin(rng, ("agent", "agent2", "office"))
    text = texts.note(rng, customer.language, customer.slots(rng, life.product()[1]))
    subject = about("account", customer.account)
    if rng.random() < 0.5:
        subject = about("contact", spin(rng, customer.contacts)[0])
    raw = {"body": text, "regarding": subject, "pinned": rng.random() < 0.04}
    life.house.save(who, "note", raw)


def task(life: Life, customer: Customer) -> None:
    """Something to do within days; most of it gets done about then."""
    rng, who = life.house.rng, customer.hand
    subject = texts.task(rng, customer.language, customer.slots(rng, life.product()[1]))
    days = 1 + rng.random() * 9
    due = life.house.later(who, days)
    raw = {
        "subject": subject,
        "regarding": about("account", customer.account),
        "priority": spin(rng, _PRIORITIES),
        "due_at": moment(due),
    }
    made = life.house.save(who, "task", raw)
    if rng.random() < 0.93:
        done = {"status": "done" if rng.random() < 0.95 else "cancelled"}
        life.soon(who, days * (0.3 + rng.random()), partial(life.house.change, who, "task", made.id, done))


def meeting(life: Life, customer: Customer) -> None:
    """An appointment some days ahead; afterwards it is told how it went."""
    days = 2 + life.house.rng.random() * 10
    day = office_hours.working(office_hours.local_day(clock.now() + timedelta(days=days), story.TIME_ZONE))
    appointment(life, customer, customer.hand, day)


def appointment(life: Life, customer: Customer, who: str, day: date) -> None:
    """A meeting of `who` with a customer on `day`."""
    rng, zone = life.house.rng, life.house.zone(who)
    starts = office_hours.on(day, spin(rng, (8, 9, 10, 11, 14, 15, 16)), spin(rng, (0, 30)), zone)
    ends = starts + timedelta(minutes=spin(rng, (45, 60, 60, 90)))
    raw = {
        "subject": texts.meeting(rng, customer.language, customer.slots(rng, life.product()[1])),
        "regarding": about("account", customer.account),
        "starts_at": moment(starts),
        "ends_at": moment(ends),
        "location": customer.name,
        "address": place(customer.address),
        "contacts": [spin(rng, customer.contacts)[0]],
        "participants": [life.house.user(who)],
    }
    made = life.house.save(who, "meeting", raw, customer.address.country)
    held = {"status": "held", "outcome": _OUTCOMES[customer.language]}
    went = held if rng.random() < 0.92 else {"status": "cancelled"}
    life.diary.enter(
        ends + timedelta(minutes=int(20 + rng.random() * 60)),
        partial(life.house.change, who, "meeting", made.id, went),
    )


def case(life: Life, customer: Customer) -> None:
    """The customer reports something to the call centre, which works on it until it is solved."""
    rng, house = life.house.rng, life.house
    who = "agent2" if customer.language == "zh" else spin(rng, ("agent", "agent", "agent2"))
    number, product = life.product("espresso", "grinder", "kitchen", "filter")
    told = texts.case(rng, customer.language, customer.slots(rng, product))
    priority = spin(rng, _PRIORITIES)
    solved = _DAYS_TO_SOLVE[priority] * (0.3 + rng.random())
    raw = {
        "subject": told.subject,
        "description": told.description,
        "account": customer.account,
        "contact": spin(rng, customer.contacts)[0],
        "product": number,
        "type": spin(rng, _CASE_TYPES),
        "origin": spin(rng, _CASE_ORIGINS),
        "priority": priority,
        "due_at": moment(house.later(who, _DAYS_TO_SOLVE[priority])),
    }
    made = house.save(who, "case", raw)

    def move(values: Raw) -> Callable[[], Record]:
        return lambda: house.change(who, "case", made.id, values)

    life.soon(who, solved * 0.1, move({"status": "open"}))
    if rng.random() < 0.3:
        life.soon(who, solved * 0.5, move({"status": "waiting"}))
    if rng.random() < 0.94:
        life.soon(who, solved, move({"status": "resolved", "resolution": _RESOLVED[customer.language]}))
        life.soon(who, solved + 7, move({"status": "closed"}))


def sale(life: Life, customer: Customer) -> None:
    """A possible sale that moves from stage to stage and is won or lost, unless today comes first."""
    rng, house, who = life.house.rng, life.house, customer.hand
    way = house.service if rng.random() < 0.2 else house.sales
    product = life.product(*(_SERVICE_LINES if way is house.service else ("espresso", "grinder", "kitchen")))[
        1
    ]
    raw = {
        "name": texts.opportunity(rng, customer.language, customer.slots(rng, product)),
        "account": customer.account,
        "contact": customer.contacts[0][0],
        "pipeline": way.pipeline,
        "stage": way.open[0],
        "amount": {
            "amount": product.price_vnd * spin(rng, (1, 1, 1, 2, 2, 3, 5)),
            "currency": story.CURRENCY,
        },
        "close_date": str((clock.now() + timedelta(days=20 + rng.random() * 70)).date()),
        "lead_source": spin(rng, _SOURCES),
        "next_step": texts.task(rng, customer.language, customer.slots(rng, product)),
    }
    made = house.save(who, "opportunity", raw)
    _advance(life, customer, made.id, way, 0)


def _advance(life: Life, customer: Customer, number: int, way: Way, place_: int) -> None:
    """Enter the next move of an opportunity that has just come to the open stage at `place_`."""
    rng, who = life.house.rng, customer.hand
    pace = 4 + rng.random() * 26
    is_last = place_ + 1 == len(way.open)
    if rng.random() < (0.15 if not is_last else 0.3):
        lost = {"stage": way.lost, "lost_reason": spin(rng, _LOST)}
        life.soon(who, pace, partial(life.house.change, who, "opportunity", number, lost))
    elif is_last:
        life.soon(who, pace, partial(_win, life, customer, number, way))
    else:
        life.soon(who, pace, partial(_step, life, customer, number, way, place_ + 1))


def _step(life: Life, customer: Customer, number: int, way: Way, place_: int) -> None:
    expected = clock.now() + timedelta(days=10 + life.house.rng.random() * 40)
    values: Raw = {"stage": way.open[place_], "close_date": str(expected.date())}
    if place_ + 1 == len(way.open):
        values["forecast_category"] = "commit"
    life.house.change(customer.hand, "opportunity", number, values)
    _advance(life, customer, number, way, place_)


def _win(life: Life, customer: Customer, number: int, way: Way) -> None:
    """A sale is made: a prospect becomes a customer."""
    house, who = life.house, customer.hand
    house.change(who, "opportunity", number, {"stage": way.won, "close_date": str(clock.now().date())})
    house.change(who, "account", customer.account, {"type": "customer"})


# ── leads ───────────────────────────────────────────────────────────────────────────────────────────
def lead(life: Life) -> None:
    """Somebody unknown shows interest; the call centre finds out what is in it."""
    rng, house = life.house.rng, life.house
    country = places.country(rng)
    address, person = places.address(rng, country), people.person(rng, country)
    company = companies.company(rng, country, address.city)
    who = "agent2" if country == "CN" else spin(rng, ("agent", "agent2", "supervisor", "office"))
    mobile = life.book.mobile(country)
    raw = {
        "family_name": person.family,
        "middle_name": person.middle,
        "given_name": person.given,
        "company_name": company.name,
        "lead_source": spin(rng, _SOURCES),
        "rating": spin(rng, _RATINGS),
        "mobile": {"raw": mobile.raw, "e164": mobile.e164},
        "email": emails.email(rng, person, company.domain),
        "address": place(address),
        "tags": rng.sample(house.tags, int(rng.random() * 2)),
    }
    made = house.save(who, "lead", raw, country)
    if rng.random() < 0.85:
        life.soon(who, rng.random() * 3, partial(_work, life, who, made.id, LANGUAGES.get(country, "en")))


def _work(life: Life, who: str, number: int, language: str) -> None:
    rng, house = life.house.rng, life.house
    house.change(who, "lead", number, {"status": "working"})
    words = texts.Slots(
        str(_lead(number).name), str(_lead(number).company_name), life.product()[1].names[language], ""
    )
    subject = texts.task(rng, language, words)
    due = {"due_at": moment(house.later(who, 4)), "regarding": about("lead", number)}
    house.save(who, "task", {"subject": subject, **due})
    chance = rng.random()
    if chance < 0.3:
        life.soon(
            who, 3 + rng.random() * 10, partial(house.change, who, "lead", number, {"status": "unqualified"})
        )
    elif chance < 0.75:
        life.soon(who, 3 + rng.random() * 10, partial(_qualify, life, who, number))


def _qualify(life: Life, who: str, number: int) -> None:
    life.house.change(who, "lead", number, {"status": "qualified", "rating": "hot"})
    if life.house.rng.random() < 0.7:
        life.soon(who, 2 + life.house.rng.random() * 8, partial(_convert, life, who, number))


def _convert(life: Life, who: str, number: int) -> None:
    reader = life.house.reader(who, _lead(number).address_country)
    conversion.convert(life.house.actors[who], _lead(number), reader=reader)


def _lead(number: int) -> Any:
    return registry.entity("lead").model.get_by_id(number)


# ── this week ───────────────────────────────────────────────────────────────────────────────────────
def desk(life: Life, who: str, customers: list[Customer]) -> None:
    """What lies on one colleague's desk today: tasks overdue, today and in days to come. Now is days ago."""
    rng, house = life.house.rng, life.house
    may_write = who != "viewer"
    writer = who if may_write else "supervisor"
    for days in (-4, -1, 0, 0, 0, 1, 2, 5):
        customer = spin(rng, customers)
        due = office_hours.on(
            house.today + timedelta(days=days), spin(rng, (9, 11, 14, 17)), 0, house.zone(who)
        )
        raw: Raw = {
            "subject": texts.task(rng, customer.language, customer.slots(rng, life.product()[1])),
            "regarding": about("account", customer.account),
            "priority": spin(rng, _PRIORITIES),
            "due_at": moment(due),
        }
        if not may_write:
            raw |= {"owner": house.user(who), "team": house.team_of(who)}
        written = house.moment(writer, house.today + timedelta(days=min(days, 0) - 3))
        life.diary.enter(written, partial(_put, house, writer, raw))


def _put(house: House, who: str, raw: Raw) -> None:
    house.save(who, "task", raw)


def week(life: Life, who: str, customers: list[Customer]) -> None:
    """One or two meetings on each day of this week, agreed upon the week before."""
    for day in office_hours.week_of(life.house.today):
        agreed = life.house.moment(who, day - timedelta(days=7))
        for _ in range(1 + int(life.house.rng.random() * 2)):
            customer = spin(life.house.rng, customers)
            life.diary.enter(agreed, partial(appointment, life, customer, who, day))


def quote(life: Life, customer: Customer) -> None:
    """A written offer is put with the account."""
    house, who = life.house, customer.hand
    product = life.product("espresso", "kitchen")[1]
    price = f"{product.price_vnd:,} {story.CURRENCY}"
    content = "\n".join((story.LEGAL_NAME, customer.name, product.names[customer.language], price)).encode()
    upload = Upload(f"{product.sku}-{customer.account}.txt", content, "text/plain")
    kept = records.keep(house.actors[who], upload)
    house.change(who, "attachment", kept, {"regarding": about("account", customer.account)})


def about(entity: str, number: int) -> dict[str, Any]:
    """The raw value of a subject field."""
    return {"entity": entity, "id": number}


def moment(at: Any) -> str:
    """The raw value of a date-time field: UTC, to the minute."""
    return f"{at:%Y-%m-%dT%H:%M}Z"
