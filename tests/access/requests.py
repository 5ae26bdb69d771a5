"""For every address the request that would succeed if the actor were allowed to make it."""

from __future__ import annotations

import io
from typing import Any

from crm_admin import registry
from tests.access.expectations import OWNERS, PERSON_OF
from tests.access.world import World, changed_key

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
"""Not this machine: a neighbour of the server is trusted with figures."""

CREATED: dict[str, dict[str, Any]] = {
    "account": {"name": "New"},
    "contact": {"given_name": "New"},
    "account_contact": {"account": "@account", "contact": "@contact"},
    "lead": {"given_name": "New"},
    "opportunity": {"name": "New"},
    "case": {"subject": "New"},
    "task": {"subject": "New"},
    "meeting": {"subject": "New", "starts_at": "2026-03-06T03:00:00Z"},
    "note": {"body": "New", "regarding": "@account"},
    "attachment": {"name": "New"},
    "product": {"name": "New", "code": "NEW-1"},
    "tag": {"name": "New"},
    "user": {"username": "new", "given_name": "New", "role": "@role"},
    "team": {"name": "New"},
    "role": {"name": "New", "key": "new"},
    "territory": {"name": "New"},
    "pipeline": {"name": "New"},
    "stage": {"name": "New", "pipeline": "@pipeline", "position": 7},
    "currency": {"code": "PLN", "name": "New"},
}
"""The least that a new record needs; `@account` is a record that the actor may see."""

MOVED = {"lead": "working", "opportunity": "@stage", "case": "in_progress", "task": "in_progress"}
"""Where a card is dropped."""


class Asking:
    """Builds requests in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.addresses = world.app.url_map.bind("localhost")

    def path(self, endpoint: str, method: str, entity: str, station: str, actor: str) -> str:
        """The address of an endpoint for a record at a station."""
        names = next(iter(self.world.app.url_map.iter_rules(endpoint))).arguments
        values = {name: self._value(name, endpoint, entity, station, actor) for name in names}
        return self.addresses.build(endpoint, values, method)

    def options(self, endpoint: str, method: str, entity: str, station: str, actor: str) -> dict[str, Any]:
        """Headers and body."""
        card = self.world.passes[actor]
        made: dict[str, Any] = {"headers": {}, "environ_base": ELSEWHERE}
        api = endpoint.startswith("api.") or endpoint == "operations.metrics"
        if card.bearer and (api or not card.cookies):
            made["headers"]["Authorization"] = f"Bearer {card.bearer}"
        elif card.cookies:
            made["headers"]["Cookie"] = card.cookies
        if endpoint in QUERIES:
            made["query_string"] = QUERIES[endpoint]
        if method in ("POST", "PATCH") and endpoint.startswith("api."):
            made["json"] = self._json(endpoint, entity, station, actor)
        elif method == "POST":
            made["data"] = {"csrf_token": card.csrf, **self._form(endpoint, entity, station, actor)}
        return made

    # ── parts ────────────────────────────────────────────────────────────────────────────────────
    def _value(self, name: str, endpoint: str, entity: str, station: str, actor: str) -> Any:
        world = self.world
        if name == "id" and endpoint.startswith("roles."):
            return world.roles["viewer"]
        if name == "id" and endpoint.startswith("jobs."):
            return world.job
        if name in ("id", "number") and endpoint.startswith("auth."):
            return self._mine(endpoint, station, actor)
        if name in ("id", "number"):
            return world.ids[entity][station]
        if name == "batch":
            return self._batch(entity, station, actor)
        if name == "key" and endpoint.startswith("api."):
            return entity
        return {
            "entity": entity,
            "key": changed_key(entity) if entity else "",
            "export_type": "csv",
            "verb": "cancel",
            "signed": "nonsense",
            "name": "a.txt",
            "filename": "icons.txt" if endpoint == "static" else "none.css",
        }[name]

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

    def _filled(self, entity: str, actor: str) -> dict[str, Any]:
        """The values of a new record, with links to what this actor may see."""
        world, home = self.world, self._home(actor)
        at = {
            "@account": world.ids["account"][home],
            "@contact": world.ids["contact"][home],
            "@role": world.roles["viewer"],
            "@pipeline": world.ids["pipeline"]["shared"],
        }
        return {key: at.get(value, value) for key, value in CREATED[entity].items()}

    def _home(self, actor: str) -> str:
        person = PERSON_OF.get(actor, actor)
        return person if person in OWNERS else "rep"

    def _json(self, endpoint: str, entity: str, station: str, actor: str) -> Any:
        if endpoint == "api.create_record":
            values = self._filled(entity, actor)
            if entity == "note":
                values["regarding"] = {"entity": "account", "id": values["regarding"]}
            return values
        change = {changed_key(entity): self._changed(entity)}
        if endpoint == "api.change_record":
            return change
        if endpoint == "api.save_many":
            return {"rows": [{"id": self.world.ids[entity][station], **change}]}
        return None

    def _changed(self, entity: str) -> Any:
        target = registry.entity(entity).fields[changed_key(entity)]
        return True if target.kind.name == "flag" else "changed"

    def _form(self, endpoint: str, entity: str, station: str, actor: str) -> dict[str, Any]:
        if endpoint == "record.create_view":
            values = {key: str(value) for key, value in self._filled(entity, actor).items()}
            return {**values, "regarding-entity": "account"} if entity == "note" else values
        if endpoint in ("record.edit_view", "record.field_view"):
            value = self._changed(entity)
            return {
                changed_key(entity): "true" if value is True else value,
                "row_version": self._version(entity, station),
            }
        if endpoint == "record.move_view":
            place = MOVED.get(entity, "")
            return {"to": str(self._stage()) if place == "@stage" else place}
        if endpoint == "record.action_view":
            return {"action": "delete", "ids": str(self.world.ids[entity][station])}
        if endpoint == "imports.upload":
            return {"file": (io.BytesIO(f"id,{changed_key(entity)}\n1,x\n".encode()), "a.csv")}
        return FORMS.get(endpoint, {})

    def _version(self, entity: str, station: str) -> str:
        model = registry.entity(entity).model
        row = model.get_or_none(model.id == self.world.ids[entity][station])
        return str(row.row_version) if row else "1"

    def _stage(self) -> int:
        model = registry.entity("stage").model
        return int(model.select().where(model.position == 30).first().id)


QUERIES: dict[str, str] = {
    "pages.results": "q=changed",
    "pages.suggest": "q=changed",
    "record.lookup_view": "q=a",
    "record.filter_view": "field=id",
    "api.find": "q=changed",
    "api.find_by_phone": "number=%2B842471000000",
}

FORMS: dict[str, dict[str, str]] = {
    "record.columns_view": {"columns": "id"},
    "record.views_view": {"name": "Mine", "query": "?id=1"},
    "imports.keep_plan": {"column-0": "id", "match": "id", "mode": "present"},
    "roles.save": {"account-read": "own"},
    "roles.save_fields": {},
    "conversion.convert_lead": {"opportunity": "1"},
    "auth.sign_in": {"username": "", "password": ""},
    "auth.save_settings": {"language": "vi", "timezone": "UTC", "theme": "dark"},
    "auth.switch_language": {"language": "vi"},
    "auth.switch_theme": {"theme": "dark"},
    "auth.change_password": {"current": "", "new": ""},
    "auth.add_token": {"name": "x", "access": "read", "days": "30"},
}
