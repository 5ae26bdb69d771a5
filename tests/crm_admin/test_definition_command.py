"""`crm entity` as an operator uses it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from crm_admin.commands.definition import entity


def test_entities_are_listed() -> None:
    answer = CliRunner().invoke(entity, ["list"])
    assert answer.exit_code == 0
    assert "account" in answer.output
    assert "opportunity" in answer.output


def test_fields_of_an_entity_are_shown_as_json() -> None:
    answer = CliRunner().invoke(entity, ["show", "contact", "--json"])
    fields = {field["key"]: field for field in json.loads(answer.output)["fields"]}
    assert fields["email"]["kind"] == "email"
    assert fields["owner"]["label"] == "Owner"


def test_an_unknown_entity_is_wrong_use() -> None:
    answer = CliRunner().invoke(entity, ["show", "dragon"])
    assert answer.exit_code == 2
    assert "no such entity" in answer.output
