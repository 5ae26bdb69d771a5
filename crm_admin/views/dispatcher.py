"""One view for every entity: `/admin/<entity>/…` finds the compiled RecordView and lets it answer.

Flask refuses new blueprints once it serves, so entities cannot each bring their own. A compiled view is kept per
(entity, schema version, permission profile): people with the same rights share it, and a change of either is seen by
the next request of every process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, g
from flask_admin import Admin, BaseView
from flask_admin import helpers as admin_helpers

from crm_admin import policy, registry
from crm_admin.views.record_view import RecordView
from crm_admin.views.seat import actor

KEPT = 500
"""Compiled views kept in memory; the least used go first."""


class Dispatcher(RecordView):
    """Carries all routes of RecordView and hands each request to the compiled view of its entity."""

    def __init__(self) -> None:
        BaseView.__init__(self, name="Records", endpoint="record", url="/admin/<entity>")
        self._compiled: OrderedDict[tuple[str, int, str], RecordView] = OrderedDict()

    def create_blueprint(self, admin: Admin) -> Blueprint:
        blueprint = super().create_blueprint(admin)

        @blueprint.url_value_preprocessor
        def take_entity(endpoint: str | None, values: dict[str, Any] | None) -> None:
            g.entity = (values or {}).pop("entity", None)

        @blueprint.url_defaults
        def give_entity(endpoint: str, values: dict[str, Any]) -> None:
            if "entity" not in values and g.get("entity"):
                values["entity"] = g.entity

        return blueprint

    def compiled(self, key: str) -> RecordView | None:
        """The view of an entity for the rights of this request's actor; None for an unknown entity."""
        definition = registry.find(key)
        if definition is None:
            return None
        place = (key, registry.version(), actor().profile)
        view = self._compiled.get(place)
        if view is None:
            view = RecordView(definition, actor())
            view.admin, view.blueprint, view.url = self.admin, self.blueprint, self.url
            self._compiled[place] = view
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        return view

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        view = self.compiled(g.entity) if g.entity else None
        # An entity one may not read answers like one that does not exist.
        if view is None or policy.level(actor(), "read", g.entity).rank == 0:
            abort(404)
        g.view = view
        admin_helpers.set_current_view(view)
        return None

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Not Flask-Admin's: it catches TypeError and calls again, which hides real errors."""
        return fn(g.view, *args, **kwargs)
