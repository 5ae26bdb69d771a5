"""What every built-in entity promises to the surfaces that read its definition."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import crm_admin.entities
from crm_admin import registry
from crm_admin.kinds import KINDS
from crm_admin.registry import Children, EntityDef, Panel
from crm_admin.roles import ROLES

BUILT_IN = [registry.entity(key) for key in crm_admin.entities.ORDER]
ROOT = Path(crm_admin.entities.__file__).parents[2]
ICONS = ROOT / "crm_admin" / "static" / "icons.txt"

every_entity = pytest.mark.parametrize("definition", BUILT_IN, ids=lambda d: d.key)


def unknown(definition: EntityDef, *keys: str) -> list[str]:
    """Those of `keys` that name no field."""
    return [key for key in keys if key not in definition.fields]


def test_every_file_of_the_package_that_defines_an_entity_is_loaded() -> None:
    folder = Path(crm_admin.entities.__file__).parent
    defining = {path.stem for path in folder.glob("*.py") if "EntityDef(" in path.read_text(encoding="utf-8")}

    assert defining == set(crm_admin.entities.ORDER)


@every_entity
def test_lists_pages_forms_and_boards_show_fields_that_exist(definition: EntityDef) -> None:
    assert unknown(definition, definition.title, definition.default_sort.lstrip("-")) == []
    assert unknown(definition, *definition.list_columns, *definition.header, *definition.quick) == []
    if definition.board:
        assert unknown(definition, definition.board.column, *definition.board.facts) == []
        assert (
            definition.board.total is None or definition.fields[definition.board.total].kind is KINDS["money"]
        )
    if definition.country_field:
        assert definition.fields[definition.country_field].kind is KINDS["place"]
    assert 2 <= len(definition.list_columns) <= 7
    assert len(set(definition.list_columns)) == len(definition.list_columns)


@every_entity
def test_every_field_a_person_fills_stands_in_exactly_one_section(definition: EntityDef) -> None:
    shown = [key for section in definition.sections for key in section.fields]
    filled = [key for key, field in definition.fields.items() if not field.system and not field.kind.computed]

    assert sorted(shown) == sorted(filled)


@every_entity
def test_the_quick_form_asks_for_everything_that_is_required(definition: EntityDef) -> None:
    if not definition.quick:
        return
    required = {
        f.key for f in definition.fields.values() if f.required and not f.system and f.default is None
    }

    assert required <= set(definition.quick)
    assert not [key for key in definition.quick if definition.fields[key].system]


@every_entity
def test_links_lead_to_entities_that_exist(definition: EntityDef) -> None:
    for field in definition.fields.values():
        for target in (field.option("target"), *(field.option("targets") or ())):
            assert target is None or registry.find(target), f"{definition.key}.{field.key} → {target}"


@every_entity
def test_panels_show_records_that_point_back_at_this_entity(definition: EntityDef) -> None:
    parts: list[Panel | Children] = [*definition.panels, *definition.children]
    for part in parts:
        via = registry.entity(part.entity).fields[part.via]
        reached = via.option("targets") or (via.kind.target(via),)  # type: ignore[attr-defined]
        assert definition.key in reached, f"{definition.key}: {part.key}"
    for panel in definition.panels:
        assert unknown(registry.entity(panel.entity), *panel.columns, panel.sort.lstrip("-")) == []
    for children in definition.children:
        assert unknown(registry.entity(children.entity), *children.fields) == []


@every_entity
def test_a_record_of_its_own_kind_of_rights_reaches_through_a_link_it_has(definition: EntityDef) -> None:
    if definition.through:
        for key in definition.through.fields:
            via = definition.fields[key]
            assert via.option("target") or via.option("targets")
        assert definition.access == "detail"


@every_entity
def test_access_group_is_one_the_default_roles_decide(definition: EntityDef) -> None:
    groups = {group for role in ROLES.values() for group in role.grants}

    assert definition.access in groups


@every_entity
def test_it_has_a_name_an_icon_and_sections_with_titles(definition: EntityDef) -> None:
    assert str(definition.label)
    assert str(definition.plural)
    assert definition.icon in ICONS.read_text(encoding="utf-8").split()
    assert all(str(section.title) for section in definition.sections)
    assert all(str(field.label) for field in definition.fields.values())


@every_entity
def test_index_columns_exist_and_no_index_is_made_twice(definition: EntityDef) -> None:
    meta = definition.model._meta
    columns = [index[0] for index in meta.indexes if isinstance(index[0], tuple)]

    assert {name for index in columns for name in index} <= set(meta.fields)
    assert len(columns) == len(set(columns))


def test_one_letter_leads_to_one_entity() -> None:
    letters = [definition.shortcut for definition in BUILT_IN if definition.shortcut]

    assert sorted(letters) == sorted("aclostmpu")


def test_choices_have_a_label_and_one_key_each() -> None:
    for definition in BUILT_IN:
        for field in definition.fields.values():
            choices = field.option("choices") or ()
            assert all(str(choice.label) for choice in choices)
            assert len({choice.key for choice in choices}) == len(choices)
            if field.default is not None and choices:
                assert field.default in {choice.key for choice in choices}


@every_entity
def test_the_documentation_names_every_field(definition: EntityDef) -> None:
    page = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{definition.key}` |"))
    words = set(re.findall(r"\w+", row))

    assert {key for key in definition.fields if key not in registry.SYSTEM_COLUMNS} - {
        "owner",
        "team",
    } <= words
