"""Flags, choices and several choices."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from crm_admin.forms import build
from crm_admin.kinds import KINDS, Choice, FieldDef, Invalid
from tests.crm_admin.kinds.stage import COLOURS, reader


def field(kind: str, required: bool = False, **options: Any) -> FieldDef:
    return FieldDef("f", KINDS[kind], "F", required=required, options=options)


def parsed(kind: str, raw: Any, **options: Any) -> Any:
    definition = field(kind, **options)
    return definition.kind.parse(raw, definition, reader())


@pytest.mark.parametrize("raw", [True, 1, 1.0, "1", "true", "YES", "on", "x", "có", "Đúng", "是", " true "])
def test_yes(raw: Any) -> None:
    assert parsed("flag", raw) is True


@pytest.mark.parametrize("raw", [False, 0, "0", "false", "No", "off", "không", "sai", "否"])
def test_no(raw: Any) -> None:
    assert parsed("flag", raw, nullable=True) is False


@pytest.mark.parametrize("raw", [2, -1, 0.5, "maybe", "2", ["true"], {"a": 1}])
def test_neither(raw: Any) -> None:
    with pytest.raises(Invalid):
        parsed("flag", raw)


def test_nothing_is_no_unless_the_flag_has_three_states() -> None:
    assert parsed("flag", None) is False
    assert parsed("flag", None, nullable=True) is None


def test_an_unchecked_box_is_told_from_a_box_that_was_not_there() -> None:
    form = build([field("flag")], reader())
    assert form(MultiDict({"f-present": "1"}), data={"f": True})["f"].data is False
    assert form(MultiDict({"f-present": "1", "f": "true"}), data={"f": False})["f"].data is True
    assert form(MultiDict({}), data={"f": True})["f"].data is True
    several = build([field("choices", choices=COLOURS)], reader())
    assert several(MultiDict({"f-present": "1"}), data={"f": ("r",)})["f"].data is None
    assert several(MultiDict({}), data={"f": ("r",)})["f"].data == ("r",)


def test_a_choice_is_named_by_key_or_label() -> None:
    assert parsed("choice", "r", choices=COLOURS) == "r"
    assert parsed("choice", "do", choices=COLOURS) == "r"
    assert parsed("choice", " GREEN ", choices=COLOURS) == "g"
    assert parsed("choice", "old", choices=COLOURS) == "old"
    for raw in ("Old one", "x", "", True, ["r"], "r" * 9_999):
        if raw:
            with pytest.raises(Invalid):
                parsed("choice", raw, choices=COLOURS)


def test_a_label_that_two_values_share_is_refused() -> None:
    twins = (Choice("a", "Same"), Choice("b", "same"))
    with pytest.raises(Invalid, match="Several"):
        parsed("choice", "Same", choices=twins)
    assert parsed("choice", "a", choices=twins) == "a"


def test_retired_values_are_shown_and_kept_but_not_offered() -> None:
    definition = field("choice", choices=COLOURS)
    page = str(build([definition], reader())()["f"]())
    assert "Old one" not in page
    page = str(build([definition], reader())(data={"f": "old"})["f"]())
    assert '<option value="old" selected>Old one</option>' in page
    assert "Old one" in definition.kind.html("old", definition, reader())


def test_a_value_that_left_the_list_is_shown_by_its_key() -> None:
    definition = field("choice", choices=COLOURS)
    assert definition.kind.format("gone", definition, reader()) == "gone"


def test_a_required_choice_of_three_is_a_row_of_buttons() -> None:
    page = str(build([field("choice", required=True, choices=COLOURS)], reader())()["f"]())
    assert page.count('type="radio"') == 3
    page = str(build([field("choice", choices=COLOURS)], reader())()["f"]())
    assert "<select" in page


def test_several_choices_stand_in_the_order_of_the_list() -> None:
    assert parsed("choices", "b, green ,r,r", choices=COLOURS) == ("r", "g", "b")
    with pytest.raises(Invalid):
        parsed("choices", ["r", "nope"], choices=COLOURS)
