"""The people, teams and tags that the bulk seed's records belong to, made through the front door."""

from __future__ import annotations

from random import Random
from typing import Any

from crm_admin import audit, policy, records, registry
from crm_admin.audit import Origin
from crm_admin.entities.team import teams_of
from crm_admin.kinds import Reader
from crm_admin.seeds.corpus import emails, people, places, story
from crm_admin.seeds.layout import SOURCE

PER_TEAM = 10
_ROLES = ("agent", "agent", "field_rep", "field_rep", "back_office")
_TAGS = ("Newsletter", "VIP", "Khách quen", "Chuỗi", "样板客户", "连锁", "Trade fair", "Dealer")


def owners(wanted: int, seed: int, reader: Reader) -> tuple[tuple[int, int], ...]:
    """(user, team) of `wanted` people whom the seed has made, now or in an earlier run. They have no password."""
    users = registry.entity("user").model
    with audit.coming_from(Origin(SOURCE)):
        there = list(
            users.select(users.id)
            .where(users.source == SOURCE, users.deleted_at.is_null())
            .order_by(users.id)
        )
        numbers = [user.id for user in there][:wanted]
        rng = Random(f"{seed}:staff")  # noqa: S311 — a story, not a secret
        team = 0
        for place in range(len(numbers), wanted):
            if place % PER_TEAM == 0 or not team:
                team = _create("team", {"name": _team_name(rng)}, reader)
            numbers.append(_person(rng, place, team, reader))
    return tuple((number, _team_of(number)) for number in numbers)


def tags(reader: Reader) -> tuple[int, ...]:
    """Ids of the tags that the seed uses."""
    model = registry.entity("tag").model
    found = []
    with audit.coming_from(Origin(SOURCE)):
        for name in _TAGS:
            row = model.select(model.id).where(model.name == name).first()
            found.append(row.id if row else _create("tag", {"name": name}, reader))
    return tuple(found)


def _team_name(rng: Random) -> str:
    """The city a team works in, with the first number that is free."""
    model, city, number = registry.entity("team").model, places.address(rng, "VN").city, 1
    while model.select(model.id).where(model.name == f"{city} {number}").first():
        number += 1
    return f"{city} {number}"


def _person(rng: Random, place: int, team: int, reader: Reader) -> int:
    country = places.country(rng)
    person, roles = people.person(rng, country), registry.entity("role").model
    username = _free(f"{emails.latin(person.given)}.{emails.latin(person.family)}")
    return _create(
        "user",
        {
            "username": username,
            "family_name": person.family,
            "middle_name": person.middle,
            "given_name": person.given,
            "email": f"{username}@{story.DOMAIN}",
            "role": roles.get(roles.key == _ROLES[place % len(_ROLES)]).id,
            "teams": [team],
        },
        reader,
    )


def _free(username: str) -> str:
    """`username`, or with the first number that makes it unique."""
    model, wanted, number = registry.entity("user").model, username, 1
    while model.select(model.id).where(model.username == wanted).first():
        number += 1
        wanted = f"{username}{number}"
    return wanted


def _team_of(user: int) -> int:
    return min(teams_of(user))


def _create(entity: str, raw: dict[str, Any], reader: Reader) -> int:
    values = records.parse(policy.SYSTEM, registry.entity(entity), raw, reader)
    return int(records.create(policy.SYSTEM, entity, values, reader=reader).id)
