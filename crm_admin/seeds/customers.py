"""The demo company's customers: who they are, where, and which colleague looks after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import cycle, islice
from random import Random
from typing import Any

from crm_admin.registry import Record
from crm_admin.seeds.company import House
from crm_admin.seeds.corpus import companies, emails, people, phones, places, texts
from crm_admin.seeds.corpus.companies import Company
from crm_admin.seeds.corpus.phones import Phone
from crm_admin.seeds.corpus.places import Address
from crm_admin.seeds.corpus.tables import spin, wheel

OWNERS: tuple[str | None, ...] = (
    "rep", "rep2", "agent", "rep", "rep2", None, "rep", "agent2", "rep2", "rep", "rep2", "agent", "rep",
    "rep2", "agent2", None, "rep", "rep2", "supervisor", "rep", "agent", "rep2", None, "agent2", "office",
)  # fmt: skip
"""Who looks after each customer, over and over: of 25, seven each belong to the reps and three to nobody."""

PLACES: dict[str | None, tuple[str, str | None]] = {
    "rep": ("VN", "Hồ Chí Minh"),
    "rep2": ("VN", "Hà Nội"),
    "agent2": ("CN", None),
    "supervisor": ("SG", None),
    "office": ("US", None),
}
"""Country and city of whose customers are not just anywhere. A rep's are in one city, so that a day can be driven."""

# Customer number → the earlier one it shares something with. A call from such a number has more than one caller.
SAME_LINE = {8: 7, 14: 3}
SAME_MOBILE = {5: 4}
SAME_NAME = {10: 2}

LANGUAGES = {"VN": "vi", "CN": "zh"}
INDUSTRIES = {
    "coffee": "food", "restaurant": "hospitality", "hotel": "hospitality", "bakery": "food", "catering": "food",
    "retail": "retail", "office": "professional", "education": "education", "healthcare": "healthcare",
    "manufacturing": "manufacturing",
}  # fmt: skip
# Degrees of latitude between which central Vietnam lies.
_CENTRAL = (11.5, 19.0)
_TIERS = wheel((("A", 15), ("B", 30), ("C", 35), ("D", 20)))
_TYPES = wheel((("prospect", 92), ("supplier", 4), ("partner", 4)))
_CONTACTS = wheel(((1, 50), (2, 30), (3, 15), (4, 5)))
JOBS = {
    "vi": (("Chủ quán", "decision_maker"), ("Giám đốc", "decision_maker"), ("Kế toán", "billing"),
           ("Quản lý cửa hàng", "influencer"), ("Trưởng ca", "user"), ("Kỹ thuật", "technical")),
    "zh": (("总经理", "decision_maker"), ("店长", "influencer"), ("采购", "decision_maker"), ("财务", "billing"),
           ("咖啡师", "user"), ("工程部", "technical")),
    "en": (("Owner", "decision_maker"), ("Head of purchasing", "decision_maker"), ("Store manager", "influencer"),
           ("Accountant", "billing"), ("Head barista", "user"), ("Facility manager", "technical")),
}  # fmt: skip


@dataclass(frozen=True)
class Customer:
    """An account and what its story needs. `hand` does the work: the owner, or the office where there is none."""

    account: int
    name: str
    contacts: tuple[tuple[int, str], ...]
    owner: str | None
    hand: str
    language: str
    address: Address

    def slots(self, rng: Random, product: texts.Product) -> texts.Slots:
        """Whom and what a text about this customer is about."""
        contact = spin(rng, self.contacts)[1]
        return texts.Slots(contact, self.name, product.names[self.language], self.address.city)


@dataclass(frozen=True)
class Plan:
    """A customer before it is known to the company."""

    number: int
    owner: str | None
    company: Company
    address: Address
    line: Phone
    mobile: Phone
    joins: timedelta

    @property
    def hand(self) -> str:
        return self.owner or "office"


class Phonebook:
    """Numbers that nobody has twice, as far as the reserved ranges of a country reach."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def mobile(self, country: str) -> Phone:
        return self._new(lambda: phones.mobile(self._rng, country))

    def landline(self, at: Address) -> Phone:
        return self._new(lambda: phones.landline(self._rng, at.country, at.city))

    def _new(self, draw: Any) -> Phone:
        for _ in range(200):
            found: Phone = draw()
            if found.e164 not in self._taken:
                break
        self._taken.add(found.e164)
        return found


def plans(rng: Random, book: Phonebook, count: int, days: int) -> list[Plan]:
    """`count` customers who come within `days` days, most of them in the first weeks: the old card index."""
    names, found = set[str](), list[Plan]()
    for number, owner in enumerate(islice(cycle(OWNERS), count)):
        country, city = PLACES.get(owner) or (places.country(rng), None)
        address = _address(rng, country, city)
        company = _company(rng, address, names)
        joins = timedelta(days=int(days * rng.random() ** 2.2))
        line, mobile = book.landline(address), book.mobile(country)
        plan = Plan(number, owner, company, address, line, mobile, joins)
        found.append(_alike(plan, found))
    return found


def _alike(plan: Plan, earlier: list[Plan]) -> Plan:
    """The plan with what it shares with an earlier one."""
    if plan.number in SAME_LINE:
        return replace(plan, line=earlier[SAME_LINE[plan.number]].line)
    if plan.number in SAME_MOBILE:
        return replace(plan, mobile=earlier[SAME_MOBILE[plan.number]].mobile)
    if plan.number in SAME_NAME:
        return replace(plan, company=earlier[SAME_NAME[plan.number]].company)
    return plan


def _address(rng: Random, country: str, city: str | None) -> Address:
    while True:
        found = places.address(rng, country)
        if city in (None, found.city):
            return found


def _company(rng: Random, at: Address, taken: set[str]) -> Company:
    for _ in range(200):
        found = companies.company(rng, at.country, at.city)
        if found.name not in taken:
            break
    taken.add(found.name)
    return found


def take_on(house: House, plan: Plan, book: Phonebook) -> Customer:
    """Save the account and its one to four contacts, as the colleague in charge would; now is the clock's."""
    rng, owner = house.rng, plan.owner
    account = house.save(plan.hand, "account", _account(house, plan), plan.address.country)
    language = LANGUAGES.get(plan.address.country, "en")
    jobs = rng.sample(JOBS[language], spin(rng, _CONTACTS))
    contacts = tuple(
        _contact(house, plan, book, account, job, language, is_first=place == 0)
        for place, job in enumerate(jobs)
    )
    return Customer(account.id, plan.company.name, contacts, owner, plan.hand, language, plan.address)


def _account(house: House, plan: Plan) -> dict[str, Any]:
    rng, domain = house.rng, plan.company.domain
    raw: dict[str, Any] = {
        "name": plan.company.name,
        "type": spin(rng, _TYPES),
        "tier": spin(rng, _TIERS),
        "industry": INDUSTRIES[plan.company.industry],
        "phone": _phone(plan.line),
        "email": f"info@{domain}",
        "website": f"https://www.{domain}",
        "address": place(plan.address),
        "territory": house.territories[territory(plan.address)],
        "employees": 2 + int(rng.random() ** 4 * 400),
        "tags": rng.sample(house.tags, int(rng.random() ** 2 * 3)),
        "do_not_call": rng.random() < 0.03,
    }
    return raw | unowned(plan.owner)


def _contact(
    house: House,
    plan: Plan,
    book: Phonebook,
    account: Record,
    job: tuple[str, str],
    language: str,
    *,
    is_first: bool,
) -> tuple[int, str]:
    rng, country = house.rng, plan.address.country
    person = people.person(rng, country)
    mobile = plan.mobile if is_first else book.mobile(country)
    raw: dict[str, Any] = {
        "family_name": person.family,
        "middle_name": person.middle,
        "given_name": person.given,
        "job_title": job[0],
        "account": account.id,
        "mobile": _phone(mobile),
        "email": emails.email(rng, person, plan.company.domain),
        "language": language,
        **unowned(plan.owner),
    }
    if rng.random() < 0.3:
        raw["birthday"] = str(date(1960, 1, 1) + timedelta(days=int(rng.random() * 45 * 365)))
    part = {"account": account.id, "role": job[1], "is_primary": is_first, "is_active": True}
    parts = [part] if is_first or rng.random() < 0.4 else []
    saved = house.save(plan.hand, "contact", raw, country, {"accounts": parts})
    return saved.id, str(saved.name)


def unowned(owner: str | None) -> dict[str, Any]:
    """What to say of a record that belongs to nobody; whose it is otherwise follows from who saves it."""
    return {"owner": None, "team": None} if owner is None else {}


def territory(at: Address) -> str:
    """Key of the territory an address lies in."""
    if at.country != "VN":
        return "china" if at.country == "CN" else "abroad"
    south, north = _CENTRAL
    return "hcm" if at.lat < south else "central" if at.lat < north else "hanoi"


def place(at: Address) -> dict[str, Any]:
    """The raw value of a place field."""
    return {**at._asdict(), "level": "street", "accuracy_m": 100, "source": "import"}


def _phone(number: Phone) -> dict[str, str]:
    return {"raw": number.raw, "e164": number.e164}
