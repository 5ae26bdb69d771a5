"""The permission matrix: what each role may do with each entity and each field. For administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from crm_admin import audit, policy, registry
from crm_admin.db import database
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.policy import ACTION_LABELS, ACTIONS, LEVELS, FieldGrant, Grant, Rights
from crm_admin.registry import Record
from crm_admin.roles import ADMINISTRATOR
from crm_admin.views import shell
from crm_admin.views.seat import actor
from crm_admin.views.shell import MenuLink

blueprint = Blueprint("roles", __name__, url_prefix="/roles")

shell.link(
    MenuLink(
        "setup",
        "rights",
        lazy_gettext("Rights"),
        "shield-lock",
        "/roles/",
        shown=lambda person: person.is_administrator,
        shortcut="r",
    )
)


@dataclass(frozen=True)
class MatrixRow:
    """One entity: the level of every action, and whether the levels own and team mean anything here."""

    key: str
    label: str
    icon: str
    levels: dict[str, str]
    graded: bool


@dataclass(frozen=True)
class FieldRow:
    key: str
    label: str
    read: bool
    write: bool
    system: bool


@blueprint.before_request
def for_administrators() -> None:
    if not actor().is_administrator:
        abort(403)


@blueprint.get("/")
def index() -> str:
    """All roles, each with the way to its matrix."""
    model = registry.entity("role").model
    roles = list(policy.scope(actor(), "role").order_by(model.name_fold))
    return render_template("roles/index.html", roles=roles)


@blueprint.get("/<int:id>/")
def matrix(id: int) -> str:
    """What one role may do."""
    role = _role(id)
    return render_template(
        "roles/matrix.html",
        role=role,
        rows=_rows(policy.compile_rights(id)),
        actions=ACTION_LABELS,
        levels=list(LEVELS.values()),
        fixed=role.key == ADMINISTRATOR,
    )


@blueprint.post("/<int:id>/")
def save(id: int) -> Response:
    """Keep the cells that differ from what stands; all or none. Takes effect with the next request of everyone."""
    role = _changeable(id)
    now = {
        (row.key, action): level
        for row in _rows(policy.compile_rights(id))
        for action, level in row.levels.items()
    }
    changes: dict[str, list[Any]] = {}
    with database.atomic():
        for (entity, action), before in now.items():
            wanted = request.form.get(f"{entity}-{action}", before)
            if wanted not in LEVELS:
                abort(400)
            if wanted != before:
                changes[f"{entity}.{action}"] = [before, wanted]
                Grant.insert(role=id, entity=entity, action=action, level=wanted).on_conflict(
                    conflict_target=[Grant.role, Grant.entity, Grant.action], update={Grant.level: wanted}
                ).execute()
        _keep(role, changes)
    flash(gettext("The rights of “%(name)s” are saved and in force.", name=role.name), "success")
    return redirect(url_for("roles.matrix", id=id))


@blueprint.get("/<int:id>/<entity>/")
def fields(id: int, entity: str) -> str:
    """Which fields of an entity one role reads and writes."""
    role = _role(id)
    definition = registry.find(entity)
    if definition is None:
        abort(404)
    rows = _field_rows(policy.compile_rights(id), entity)
    return render_template(
        "roles/fields.html", role=role, entity=definition, rows=rows, fixed=role.key == ADMINISTRATOR
    )


@blueprint.post("/<int:id>/<entity>/")
def save_fields(id: int, entity: str) -> Response:
    """Keep the field rights that differ from what stands. The field a record is named by stays readable."""
    role = _changeable(id)
    definition = registry.find(entity)
    if definition is None:
        abort(404)
    changes: dict[str, list[Any]] = {}
    with database.atomic():
        for row in _field_rows(policy.compile_rights(id), entity):
            read = f"{row.key}-read" in request.form or row.key == definition.title
            write = read and f"{row.key}-write" in request.form and not row.system
            if (read, write) != (row.read, row.write):
                changes[f"{entity}.{row.key}"] = [[row.read, row.write], [read, write]]
                values = {FieldGrant.read: read, FieldGrant.write: write}
                FieldGrant.insert(role=id, entity=entity, field=row.key, read=read, write=write).on_conflict(
                    conflict_target=[FieldGrant.role, FieldGrant.entity, FieldGrant.field], update=values
                ).execute()
        _keep(role, changes)
    flash(gettext("The rights of “%(name)s” are saved and in force.", name=role.name), "success")
    return redirect(url_for("roles.fields", id=id, entity=entity))


def _keep(role: Record, changes: dict[str, list[Any]]) -> None:
    """Tell the audit and every process; in the transaction of the change."""
    if changes:
        audit.write(actor(), "role", role.id, "rights", changes, role.row_version)
        policy.bump()


def _role(id: int) -> Record:
    model = registry.entity("role").model
    role = policy.scope(actor(), "role").where(model.id == id).first() if id < 2**63 else None
    if role is None:
        abort(404)
    return role


def _changeable(id: int) -> Record:
    role = _role(id)
    if role.key == ADMINISTRATOR:
        abort(403)
    return role


def _rows(rights: Rights) -> list[MatrixRow]:
    someone = policy.Actor(id=0, rights=rights)
    return [
        MatrixRow(
            definition.key,
            str(definition.plural),
            definition.icon,
            {action: policy.level(someone, action, definition.key).key for action in ACTIONS},
            definition.owned,
        )
        for definition in registry.entities()
    ]


def _field_rows(rights: Rights, entity: str) -> list[FieldRow]:
    # Rights on fields are asked as if every action were granted: the matrix of actions is another page.
    grants = {(entity, action): "all" for action in ACTIONS}
    someone = policy.Actor(id=0, rights=Rights(rights.role, grants, rights.fields))
    read, write = policy.fields(someone, entity), policy.fields(someone, entity, "write")
    return [
        FieldRow(f.key, str(f.label), f.key in read, f.key in write, f.system)
        for f in registry.entity(entity).fields.values()
        if not f.retired
    ]
