"""Whether a JSON value has the form that a schema names: as much of JSON Schema 2020-12 as the kinds speak."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Schema = Mapping[str, Any]


def fits(value: Any, schema: Schema) -> bool:
    """Whether `value` is valid. `format` is not looked at: the kinds know what they mean by it.

    Raises KeyError for a keyword that is not known here: a check that is skipped would be a promise that is not kept.
    """
    return all(_RULES[word](value, told, schema) for word, told in schema.items() if word not in _NOTES)


_NOTES = frozenset({"title", "description", "format", "examples", "default", "readOnly", "writeOnly"})


_TYPES: dict[str, type] = {"string": str, "array": list, "object": dict, "null": type(None)}


def _is_type(value: Any, told: str, schema: Schema) -> bool:
    if told == "boolean":
        return isinstance(value, bool)
    if told == "integer":
        return _is_number(value) and (isinstance(value, int) or value.is_integer())
    if told == "number":
        return _is_number(value)
    return isinstance(value, _TYPES[told])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_multiple(value: Any, told: float, schema: Schema) -> bool:
    return not _is_number(value) or Decimal(str(value)) % Decimal(str(told)) == 0


def _has_unique_items(value: Any, told: bool, schema: Schema) -> bool:
    if not told or not isinstance(value, list):
        return True
    return all(item not in value[:place] for place, item in enumerate(value))


def _has_right_properties(value: Any, told: Mapping[str, Schema], schema: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(fits(value[name], inner) for name, inner in told.items() if name in value)


def _has_no_others(value: Any, told: bool, schema: Schema) -> bool:
    return told or not isinstance(value, dict) or value.keys() <= schema.get("properties", {}).keys()


def _has_what_goes_along(value: Any, told: Mapping[str, list[str]], schema: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(set(needed) <= value.keys() for name, needed in told.items() if name in value)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """In JSON Schema `$` is the end, in Python also the place before a last line break."""
    ends = pattern.endswith("$") and not pattern.endswith("\\$")
    return re.compile(pattern[:-1] + r"\Z" if ends else pattern)


_RULES: dict[str, Callable[[Any, Any, Schema], bool]] = {
    "type": _is_type,
    "enum": lambda value, told, _: any(value == one and type(value) is type(one) for one in told),
    "anyOf": lambda value, told, _: any(fits(value, one) for one in told),
    "minimum": lambda value, told, _: not _is_number(value) or value >= told,
    "maximum": lambda value, told, _: not _is_number(value) or value <= told,
    "multipleOf": _is_multiple,
    "minLength": lambda value, told, _: not isinstance(value, str) or len(value) >= told,
    "maxLength": lambda value, told, _: not isinstance(value, str) or len(value) <= told,
    "pattern": lambda value, told, _: not isinstance(value, str) or bool(_compiled(told).search(value)),
    "items": lambda value, told, _: not isinstance(value, list) or all(fits(item, told) for item in value),
    "minItems": lambda value, told, _: not isinstance(value, list) or len(value) >= told,
    "maxItems": lambda value, told, _: not isinstance(value, list) or len(value) <= told,
    "uniqueItems": _has_unique_items,
    "properties": _has_right_properties,
    "required": lambda value, told, _: not isinstance(value, dict) or set(told) <= value.keys(),
    "additionalProperties": _has_no_others,
    "minProperties": lambda value, told, _: not isinstance(value, dict) or len(value) >= told,
    "dependentRequired": _has_what_goes_along,
}
