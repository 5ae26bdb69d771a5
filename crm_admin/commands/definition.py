"""`crm entity`: what kinds of records there are, and what each is made of."""

from __future__ import annotations

import json
from typing import Any

import click

from crm_admin import entities, registry
from crm_admin.registry import EntityDef

_as_json = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")


@click.group()
def entity() -> None:
    """Show what kinds of records there are."""
    entities.load()


@entity.command("list")
@_as_json
def list_(as_json: bool) -> None:
    """All entities: key, name, number of fields."""
    rows = [(e.key, str(e.plural), len(e.fields)) for e in registry.entities()]
    if as_json:
        click.echo(
            json.dumps([{"key": k, "label": label, "fields": n} for k, label, n in rows], ensure_ascii=False)
        )
        return
    for key, label, number in rows:
        click.echo(f"{key:<18} {label:<22} {number:>3} fields")


@entity.command()
@click.argument("key")
@_as_json
def show(key: str, as_json: bool) -> None:
    """The fields of one entity: key, kind, label, and what they are good for."""
    definition = registry.find(key)
    if definition is None:
        known = ", ".join(e.key for e in registry.entities())
        raise click.BadParameter(f"no such entity; there are {known}", param_hint="KEY")
    if as_json:
        click.echo(json.dumps(_described(definition), ensure_ascii=False))
        return
    for field in _described(definition)["fields"]:
        marks = [name for name in ("required", "unique", "searchable", "system") if field[name]]
        click.echo(f"{field['key']:<24} {field['kind']:<12} {field['label']:<24} {' '.join(marks)}".rstrip())


def _described(definition: EntityDef) -> dict[str, Any]:
    return {
        "key": definition.key,
        "label": str(definition.label),
        "plural": str(definition.plural),
        "fields": [
            {
                "key": f.key,
                "kind": f.kind.name,
                "label": str(f.label),
                "required": f.required,
                "unique": f.unique,
                "searchable": f.searchable,
                "system": f.system,
                "schema": f.kind.schema(f),
            }
            for f in definition.fields.values()
        ],
    }
