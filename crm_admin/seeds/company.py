"""The demo company's house: its people and what they work with. Everything is saved as they themselves would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from crm_admin import clock, policy, records, registry
from crm_admin.auth import accounts
from crm_admin.config import Config
from crm_admin.kinds import Reader
from crm_admin.policy import SYSTEM, Actor
from crm_admin.records import Rows
from crm_admin.registry import Record
from crm_admin.seeds import office_hours
from crm_admin.seeds.corpus import story, texts

Raw = dict[str, Any]

ROLES = {"rep": "field_rep"}
"""Where the story calls a role by another name than the product."""

JOB_TITLES = {
    "admin": "IT",
    "supervisor": "Trưởng ca tổng đài",
    "agent": "Tổng đài viên",
    "agent2": "客服专员",
    "office": "Sales administration",
    "rep": "Nhân viên kinh doanh",
    "rep2": "Nhân viên kinh doanh",
    "viewer": "实习生",
}

TERRITORIES = {
    "hcm": {"en": "Southern Vietnam", "vi": "Miền Nam", "zh": "越南南部"},
    "hanoi": {"en": "Northern Vietnam", "vi": "Miền Bắc", "zh": "越南北部"},
    "central": {"en": "Central Vietnam", "vi": "Miền Trung", "zh": "越南中部"},
    "china": {"en": "China", "vi": "Trung Quốc", "zh": "中国"},
    "abroad": {"en": "Other countries", "vi": "Nước khác", "zh": "其他国家"},
}
MANAGERS = {"hcm": "rep", "hanoi": "rep2", "china": "agent2"}

TAGS = (
    ({"en": "Chain", "vi": "Chuỗi", "zh": "连锁"}, "blue"),
    ({"en": "Service contract", "vi": "Bảo trì", "zh": "维保"}, "green"),
    ({"en": "Hard water", "vi": "Nước cứng", "zh": "硬水"}, "teal"),
    ({"en": "Pays late", "vi": "Trả chậm", "zh": "付款慢"}, "red"),
    ({"en": "Reference", "vi": "Khách mẫu", "zh": "样板客户"}, "purple"),
    ({"en": "Newsletter", "vi": "Bản tin", "zh": "订阅"}, "gray"),
    ({"en": "Opening soon", "vi": "Sắp mở", "zh": "即将开业"}, "amber"),
)

SERVICE = {"en": "Service contracts", "vi": "Hợp đồng dịch vụ", "zh": "服务合同"}
SERVICE_STAGES = (
    ({"en": "Due for renewal", "vi": "Sắp gia hạn", "zh": "即将续约"}, "open", 40, 21),
    ({"en": "Offer sent", "vi": "Đã gửi báo giá", "zh": "已报价"}, "open", 60, 14),
    ({"en": "Signed", "vi": "Đã ký", "zh": "已签约"}, "won", 100, None),
    ({"en": "Not renewed", "vi": "Không gia hạn", "zh": "未续约"}, "lost", 0, None),
)


@dataclass(frozen=True)
class Way:
    """A pipeline: the ids of its open stages in their order, and of the two it ends in."""

    pipeline: int
    open: tuple[int, ...]
    won: int
    lost: int


@dataclass
class House:
    """The company at work: who is who, and one way to save as one of them."""

    config: Config
    rng: Random
    today: date
    actors: dict[str, Actor] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)
    territories: dict[str, int] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    products: list[tuple[int, texts.Product]] = field(default_factory=list)
    sales: Way = field(default=Way(0, (), 0, 0))
    service: Way = field(default=Way(0, (), 0, 0))

    @property
    def language(self) -> str:
        """The language that the company's own words are in."""
        return self.config.company.language

    def user(self, who: str) -> int:
        """Id of one of the cast."""
        number = self.actors[who].id
        assert number is not None
        return number

    def team_of(self, who: str) -> int:
        return min(self.actors[who].teams)

    def zone(self, who: str) -> str:
        return _COLLEAGUES[who].time_zone

    def moment(self, who: str, day: date) -> datetime:
        """Some moment of `day` at which `who` is at work."""
        return office_hours.moment(self.rng, day, self.zone(who))

    def later(self, who: str, days: float) -> datetime:
        """Some moment about `days` days from now (the clock's) at which `who` is at work."""
        return office_hours.later(self.rng, clock.now(), days, self.zone(who))

    def reader(self, who: str, country: str | None = None) -> Reader:
        company, person = self.config.company, _COLLEAGUES[who]
        return records.reader(
            self.actors[who],
            language=person.language,
            timezone=person.time_zone,
            country=country or company.country,
            currency=company.currency,
        )

    def save(
        self, who: str, entity: str, raw: Raw, country: str | None = None, children: Rows | None = None
    ) -> Record:
        """A new record, made by `who` with the rights they have."""
        actor, reader = self.actors[who], self.reader(who, country)
        values = records.parse(actor, registry.entity(entity), raw, reader)
        return records.create(actor, entity, values, reader=reader, children=children)

    def change(self, who: str, entity: str, number: int, raw: Raw) -> Record:
        """A record changed by `who` with the rights they have."""
        actor, reader = self.actors[who], self.reader(who)
        record = records.get(actor, entity, number, "update")
        return records.update(
            actor, record, records.parse(actor, registry.entity(entity), raw, reader), reader=reader
        )


_COLLEAGUES = {person.username: person for person in story.PEOPLE}


def move_in(house: House, password: str) -> None:
    """Make the company's teams, people, territories, tags, products and second pipeline, before its first customer."""
    house.teams = {
        team.key: _system(house, "team", {"name": team.names[house.language]}) for team in story.TEAMS
    }
    _people(house, password)
    house.territories = {key: _territory(house, key) for key in TERRITORIES}
    for names, tone in TAGS:
        house.tags.append(_system(house, "tag", {"name": names[house.language], "tone": tone}))
    house.products = [(_product(house, product), product) for product in texts.products()]
    house.sales = _way(registry.entity("pipeline").model.get().id)
    house.service = _way(_service(house))


def _people(house: House, password: str) -> None:
    users, roles = registry.entity("user").model, registry.entity("role").model
    for person in story.PEOPLE:
        role = roles.get(roles.key == ROLES.get(person.role, person.role)).id
        raw = {
            "username": person.username,
            "family_name": person.family,
            "middle_name": person.middle,
            "given_name": person.given,
            "job_title": JOB_TITLES[person.username],
            "email": person.email,
            "role": role,
            "teams": [house.teams[person.team]],
            "language": person.language,
            "timezone": person.time_zone,
        }
        number = _system(house, "user", raw, country="CN" if person.language == "zh" else None)
        accounts.set_password(number, password)
    for person in story.PEOPLE:
        row = users.get(users.username == person.username)
        house.actors[person.username] = policy.actor(row, policy.version())
    for team in ("call_centre", "service"):
        _give(house, "team", house.teams[team], {"manager": house.user("supervisor")})


def _territory(house: House, key: str) -> int:
    manager = house.user(MANAGERS.get(key, "supervisor"))
    return _system(house, "territory", {"name": TERRITORIES[key][house.language], "manager": manager})


def _product(house: House, product: texts.Product) -> int:
    lines = {line.key: line.names[house.language] for line in story.PRODUCT_LINES}
    raw = {
        "name": product.names[house.language],
        "code": product.sku,
        "category": lines[product.line],
        "unit": "year"
        if product.sku in ("SM-S12", "SM-S24")
        else "day"
        if product.sku == "SM-ST"
        else "piece",
        "price": {"amount": product.price_vnd, "currency": story.CURRENCY},
        "cost": {"amount": round(product.price_vnd * 0.62, -3), "currency": story.CURRENCY},
        "tax_rate": 8,
    }
    return _system(house, "product", raw)


def _service(house: House) -> int:
    pipeline = _system(house, "pipeline", {"name": SERVICE[house.language]})
    for position, (names, kind, probability, days) in enumerate(SERVICE_STAGES, start=1):
        raw = {
            "name": names[house.language],
            "pipeline": pipeline,
            "position": position * 10,
            "kind": kind,
            "probability": probability,
            "rotten_after_days": days,
        }
        _system(house, "stage", raw)
    return pipeline


def _way(pipeline: int) -> Way:
    model = registry.entity("stage").model
    stages = list(model.select().where(model.pipeline == pipeline).order_by(model.position))
    return Way(
        pipeline,
        tuple(stage.id for stage in stages if stage.kind == "open"),
        next(stage.id for stage in stages if stage.kind == "won"),
        next(stage.id for stage in stages if stage.kind == "lost"),
    )


def _system(house: House, entity: str, raw: Raw, country: str | None = None) -> int:
    company = house.config.company
    reader = records.reader(
        SYSTEM, timezone=company.timezone, country=country or company.country, currency=company.currency
    )
    values = records.parse(SYSTEM, registry.entity(entity), raw, reader)
    return int(records.create(SYSTEM, entity, values, reader=reader).id)


def _give(house: House, entity: str, number: int, values: Raw) -> None:
    records.update(SYSTEM, records.get(SYSTEM, entity, number), values)


FIRST_DAY = timedelta(days=275)
"""How long before today the company began to use the product."""
