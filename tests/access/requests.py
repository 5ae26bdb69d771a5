"""For every address the request that would succeed if the actor were allowed to make it."""

from __future__ import annotations

import io
from typing import Any

from crm_admin import registry
from tests.access.expectations import OWNERS, PERSON_OF
from tests.access.modules import ENTITIES, ROWS
from tests.access.modules.module import Row
from tests.access.world import World, changed_key, filled, places

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
"""Not this machine: a neighbour of the server is trusted with figures."""


class Asking:
    """Builds requests in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.addresses = world.app.url_map.bind("localhost")

    def path(self, endpoint: str, method: str, entity: str, station: str, actor: str) -> str:
        """The address of an endpoint for a record at a station."""
        names = next(iter(self.world.app.url_map.iter_rules(endpoint))).arguments
        row = row_of(endpoint, method)
        values = {name: self._value(name, endpoint, row, entity, station, actor) for name in names}
        return self.addresses.build(endpoint, values)

    def options(self, endpoint: str, method: str, entity: str, station: str, actor: str) -> dict[str, Any]:
        """Headers and body."""
        card, row = self.world.passes[actor], row_of(endpoint, method)
        made: dict[str, Any] = {"headers": {}, "environ_base": ELSEWHERE}
        if card.bearer and (row.door in ("api", "watch") or not card.cookies):
            made["headers"]["Authorization"] = f"Bearer {card.bearer}"
        elif card.cookies:
            made["headers"]["Cookie"] = card.cookies
        if row.query:
            made["query_string"] = row.query
        if method in ("POST", "PATCH") and row.door == "api":
            made["json"] = self._json(endpoint, row, entity, station, actor)
        elif method == "POST":
            made["data"] = {"csrf_token": card.csrf, **self._form(endpoint, row, entity, station, actor)}
        return made

    # ── parts ────────────────────────────────────────────────────────────────────────────────────
    def _value(self, name: str, endpoint: str, row: Row, entity: str, station: str, actor: str) -> Any:
        world = self.world
        if name in row.values:
            return filled(
                row.values[name],
                {**places(world, "shared"), "record": world.ids.get(entity, {}).get(station)},
            )
        if name == "batch":
            return self._batch(entity, station, actor)
        if row.about.startswith("mine"):
            return self._mine(endpoint, station, actor)
        if name in ("id", "number"):
            return world.ids[entity][station]
        if name == "key" and row.door != "api":
            return changed_key(entity)
        return {"entity": entity, "key": entity}[name]

    def _mine(self, endpoint: str, station: str, actor: str) -> int:
        ids = self.world.sessions if endpoint == "auth.end_session" else self.world.token_ids
        person = PERSON_OF.get(actor, actor)
        own = person if person in ids else "rep"
        foreign = "viewer" if own != "viewer" else "rep"
        return {"own": ids[own], "foreign": ids[foreign], "missing": 987_654_321}[station]

    def _batch(self, entity: str, station: str, actor: str) -> int:
        found = self.world.batches[entity]
        own = actor if actor in found else "office"
        foreign = "supervisor" if own != "supervisor" else "office"
        return {"own": found[own], "foreign": found[foreign], "missing": 987_654_321}[station]

    def _new(self, entity: str, actor: str) -> dict[str, Any]:
        """The values of a new record, with links to what this actor may see."""
        at = places(self.world, self._home(actor))
        return {key: filled(value, at) for key, value in ENTITIES[entity].new.items()}

    def _home(self, actor: str) -> str:
        person = PERSON_OF.get(actor, actor)
        return person if person in OWNERS else "rep"

    def _json(self, endpoint: str, row: Row, entity: str, station: str, actor: str) -> Any:
        if endpoint == "api.create_record":
            values = self._new(entity, actor)
            for key in _subjects(entity, values):
                target, _, number = values[key].partition(":")
                values[key] = {"entity": target, "id": int(number)}
            return values
        change = {changed_key(entity): ENTITIES[entity].changed} if entity else {}
        if endpoint == "api.change_record":
            return change
        if endpoint == "api.save_many":
            return {"rows": [{"id": self.world.ids[entity][station], **change}]}
        return dict(row.form) or None

    def _form(self, endpoint: str, row: Row, entity: str, station: str, actor: str) -> dict[str, Any]:
        if endpoint == "record.create_view":
            values = {key: str(value) for key, value in self._new(entity, actor).items()}
            for key in _subjects(entity, values):
                values[f"{key}-entity"], _, values[key] = values[key].partition(":")
            return values
        if endpoint in ("record.edit_view", "record.field_view"):
            value = ENTITIES[entity].changed
            return {
                changed_key(entity): "true" if value is True else value,
                "row_version": self._version(entity, station),
            }
        if endpoint == "record.move_view":
            return {"to": str(filled(ENTITIES[entity].moved, {"next_stage": self._stage()}))}
        if endpoint == "record.action_view":
            return {"action": "delete", "ids": str(self.world.ids[entity][station])}
        if endpoint == "imports.upload":
            return {"file": (io.BytesIO(f"id,{changed_key(entity)}\n1,x\n".encode()), "a.csv")}
        at = places(self.world, self._home(actor))
        return {key: filled(value, at) for key, value in row.form.items()}

    def _version(self, entity: str, station: str) -> str:
        model = registry.entity(entity).model
        row = model.get_or_none(model.id == self.world.ids[entity][station])
        return str(row.row_version) if row else "1"

    def _stage(self) -> int:
        model = registry.entity("stage").model
        return int(model.select().where(model.position == 30).first().id)


def row_of(endpoint: str, method: str) -> Row:
    """The row of an address; one of its other methods where it does not know this one."""
    named = ROWS.get(f"{method} {endpoint}")
    return named or next(row for address, row in ROWS.items() if address.partition(" ")[2] == endpoint)


def _subjects(entity: str, values: dict[str, Any]) -> list[str]:
    """The keys that lead to records of several entities: `account:12`."""
    fields = registry.entity(entity).fields
    return [key for key in values if fields[key].option("targets") is not None]
