"""What every field kind can do. A surface asks the kind; no surface knows a kind by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

import peewee
from markupsafe import Markup, escape
from peewee import Expression, Node, fn

from crm_admin.i18n import Text, gettext, lazy_gettext

Json = Any
Raw = Any
"""What came from outside: None, text, a JSON value, or a dict of parts (`{"amount": "12", "currency": "USD"}`)."""


class Invalid(ValueError):
    """A value from outside cannot be accepted; `str()` is the reason, in the reader's language."""


@dataclass(frozen=True)
class Choice:
    """One value of a choice field. `tone` colours its badge: gray blue green amber red purple teal."""

    key: str
    label: Text
    tone: str = "gray"
    retired: bool = False


@dataclass(frozen=True)
class FieldDef:
    """One field of an entity: the definition that every surface reads.

    `key` is stable for ever; `options` are the kind's own (choices, target, max_length, minimum, decimals …).
    `system` fields are set by the product alone; `private` ones are shown to nobody unless a role grants them.
    """

    key: str
    kind: Kind
    label: Text
    help: Text = ""
    required: bool = False
    default: Any = None
    unique: bool = False
    searchable: bool = False
    sortable: bool = True
    filterable: bool = True
    system: bool = False
    private: bool = False
    told: bool = False
    retired: bool = False
    column: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the main column; the key for built-in fields, `x_<key>` for custom ones."""
        return self.column or self.key

    def option(self, name: str, default: Any = None) -> Any:
        return self.options.get(name, default)


@dataclass(frozen=True)
class Upload:
    """A file that came with a form or a program, not yet kept. `content` is bounded by the request limit."""

    filename: str
    content: bytes
    content_type: str


def _refuse(upload: Upload) -> int:
    raise Invalid(gettext("Files are not accepted here."))


def _unnamed(entity: str, ids: Iterable[int]) -> dict[int, str]:
    return {}


def _untitled(entity: str) -> str:
    return entity.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Group:
    """One column of a board: a value records can have. `group` names the columns shown together (a pipeline)."""

    key: str
    label: Text
    tone: str = "gray"
    group: str = ""


def _ungrouped(entity: str) -> list[Group]:
    return []


@dataclass
class Reader:
    """For whom a value is read or written: language, zone, the record's country, and the names they may see.

    `country` is the record's own where it has one, else the company's; never the person's.
    `names(entity, ids)` answers the names of those linked records that the reader may see;
    `find(entity, text)` the ids of visible records that go by exactly this name;
    `title(entity)` what one record of that entity is called;
    `groups(entity)` all visible records of a small entity, in their order, as columns of a board;
    `keep(upload)` stores a file and answers the id of its attachment.
    """

    language: str = "en"
    timezone: str = "UTC"
    country: str = "VN"
    currency: str = "VND"
    names: Callable[[str, Iterable[int]], Mapping[int, str]] = _unnamed
    find: Callable[[str, str], list[int]] = lambda entity, text: []
    title: Callable[[str], str] = _untitled
    keep: Callable[[Upload], int] = _refuse
    groups: Callable[[str], list[Group]] = _ungrouped


class Kind:
    """Base of all kinds: one column, text in and text out. Subclasses override what differs."""

    name: ClassVar[str]
    label: ClassVar[Text]
    icon: ClassVar[str] = "forms"
    operators: ClassVar[tuple[str, ...]] = ("eq", "ne", "in", "isnull")
    sortable: ClassVar[bool] = True
    numeric: ClassVar[bool] = False
    wide: ClassVar[bool] = False
    inline: ClassVar[bool] = True
    badge: ClassVar[bool] = False
    is_time: ClassVar[bool] = False
    computed: ClassVar[bool] = False
    """Whether the product alone sets it: `settle` draws the value of a new record, no surface takes one."""

    # ── storage ──────────────────────────────────────────────────────────────────────────────────
    def columns(self, field: FieldDef) -> dict[str, peewee.Field]:
        """Column-name suffix → nullable Peewee field; "" is the main column."""
        raise NotImplementedError

    def column_name(self, field: FieldDef, suffix: str = "") -> str:
        return f"{field.name}_{suffix}" if suffix else field.name

    def column(self, field: FieldDef, model: type[peewee.Model], suffix: str = "") -> peewee.Field:
        return getattr(model, self.column_name(field, suffix))

    def read(self, record: Any, field: FieldDef) -> Any:
        """The value as it stands on a record (any object with the columns as attributes)."""
        return getattr(record, field.name, None)

    def write(self, record: Any, field: FieldDef, value: Any) -> None:
        setattr(record, field.name, value)

    def settle(self, value: Any, entity: str, field: FieldDef, reader: Reader, *, new: bool) -> Any:
        """The value to store: the place to keep an uploaded file or to draw the next number, in the transaction."""
        return value

    def after_save(self, entity: str, record_id: int, field: FieldDef, value: Any) -> None:
        """Keep side tables that index this value; runs in the record's transaction. None forgets the record."""

    def load_many(self, entity: str, records: list[Any], field: FieldDef) -> None:
        """Fetch what `read` needs beyond the row, for all records in one query."""

    # ── in ───────────────────────────────────────────────────────────────────────────────────────
    def parse(self, raw: Raw, field: FieldDef, reader: Reader) -> Any:
        """The value of what came from a form, a file or a program; None when empty. Raises Invalid."""
        if is_blank(raw):
            return None
        return self.accept(whole(raw), field, reader)

    def accept(self, raw: Raw, field: FieldDef, reader: Reader) -> Any:
        """Like `parse`, for a raw value that is not empty."""
        raise NotImplementedError

    def collect(self, form: Any, name: str) -> Raw:
        """The raw value of the control `name` in a posted form (a werkzeug MultiDict)."""
        return form.get(name)

    def is_posted(self, form: Any, name: str) -> bool:
        """Whether the posted form had this control at all; a field that was not there is not changed."""
        return name in form

    def is_empty(self, value: Any) -> bool:
        return value is None or value == ""

    def references(self, value: Any, field: FieldDef) -> list[tuple[str, int]]:
        """Records that this value points at, as (entity, id): the writer must be allowed to see them."""
        return []

    # ── out ──────────────────────────────────────────────────────────────────────────────────────
    def format(self, value: Any, field: FieldDef, reader: Reader) -> str:
        """Plain text as a person of this language reads it; "" when empty."""
        return "" if value is None else str(value)

    def html(self, value: Any, field: FieldDef, reader: Reader) -> Markup:
        """The same for a page; escaped."""
        return escape(self.format(value, field, reader))

    def draft(self, value: Any, field: FieldDef, reader: Reader) -> Any:
        """What the form's control shows for a value: text, or a dict of parts."""
        return self.format(value, field, reader)

    def dump(self, value: Any, field: FieldDef) -> Json:
        """JSON form for the API, the audit and the history; `parse` accepts it again."""
        return value

    def cells(self, value: Any, field: FieldDef, reader: Reader) -> dict[str, Any]:
        """Spreadsheet cells, one per part; `parse` accepts them again, alone or as a dict."""
        return {"": "" if value is None else self.dump(value, field)}

    def fold_source(self, value: Any, field: FieldDef) -> list[str]:
        """Texts by which a record is found when the field is searchable."""
        return [] if value is None else [str(value)]

    def found_by(self, field: FieldDef, operator: str, raw: Raw) -> str:
        """Folded text that stands in the search text of every record this filter finds; "" where none is sure.

        The search index then narrows what the filter, which decides, would read the whole table for.
        """
        return ""

    def schema(self, field: FieldDef) -> dict[str, Json]:
        """JSON Schema of `dump`, without null."""
        return {"type": "string"}

    def request_schema(self, field: FieldDef) -> dict[str, Json]:
        """JSON Schema of what a program may send, without null: `dump` itself, and shorter forms."""
        return self.schema(field)

    def sample(self, field: FieldDef, rng: Random) -> Json:
        """A plausible value of this field as a program would send it; for previews and generated tests."""
        raise NotImplementedError

    def control(self) -> str:
        """Template of the form control."""
        return f"fields/{self.name}.html"

    # ── questions ────────────────────────────────────────────────────────────────────────────────
    def where(
        self, field: FieldDef, model: type[peewee.Model], operator: str, raw: Raw, reader: Reader
    ) -> Expression | Node:
        """The condition `field operator raw`. Raises Invalid for an operator or value it does not know."""
        if operator not in self.operators:
            raise Invalid(gettext("This field has no comparison “%(name)s”.", name=operator))
        column = self.column(field, model)
        if operator == "isnull":
            return column.is_null(truth(raw))
        if operator == "in":
            values = [self._operand(part, field, reader) for part in listed(raw)]
            return column.in_(values)
        return self.compare(column, operator, self._operand(raw, field, reader))

    def compare(self, column: Node, operator: str, value: Any) -> Expression | Node:
        """One comparison with a parsed value. "Is not" includes records where the field is empty."""
        if operator == "eq":
            return column == value
        if operator == "ne":
            return (column != value) | column.is_null()
        if operator == "lt":
            return column < value
        if operator == "lte":
            return column <= value
        if operator == "gt":
            return column > value
        if operator == "gte":
            return column >= value
        raise Invalid(gettext("This field has no comparison “%(name)s”.", name=operator))

    def order(self, field: FieldDef, model: type[peewee.Model]) -> Node:
        """The column, or expression, by which a list is sorted."""
        return self.column(field, model)

    def zones(
        self, field: FieldDef, model: type[peewee.Model], descending: bool
    ) -> list[Expression | Node | None]:
        """Parts of a sorted list, in order, each sorted by (`order`, id): what has a value, then what has none."""
        if field.key == "id":
            return [None]
        column = self.order(field, model)
        return [column.is_null(False), column.is_null()]

    def zone_is_one_value(self, field: FieldDef, place: int, zones: int) -> bool:
        """Whether all records of a zone have the same value, so that only the id orders them."""
        return place == zones - 1

    def zone_column(self, field: FieldDef, model: type[peewee.Model]) -> peewee.Field:
        """The column that orders the records within a zone; an index serves it."""
        column = self.order(field, model)
        assert isinstance(column, peewee.Field), field.key
        return column

    def points_at(
        self, field: FieldDef, model: type[peewee.Model], entity: str, record_id: int
    ) -> Expression | Node:
        """For kinds that link: the condition that the value is this record of `entity`."""
        raise NotImplementedError

    def groups(self, field: FieldDef, reader: Reader) -> list[Group]:
        """For kinds of few values: one board column each, in order."""
        raise NotImplementedError

    def sum_columns(self, field: FieldDef, model: type[peewee.Model]) -> tuple[list[Node], list[Node]]:
        """For numeric kinds: what to select for a sum, and by what to group it."""
        return [fn.SUM(self.column(field, model))], []

    def of_sum(self, cells: tuple[Any, ...], field: FieldDef) -> Any:
        """The value of a row of `sum_columns`."""
        return cells[0]

    def address(self, entity: str, record_id: int) -> str:
        """For kinds that link: the raw value, in an address, that means this record."""
        return str(record_id)

    def _operand(self, raw: Raw, field: FieldDef, reader: Reader) -> Any:
        value = self.parse(raw, field, reader)
        if value is None:
            raise Invalid(gettext("Give a value to compare with."))
        return value


MAX_BITS = 256
"""Longer whole numbers are refused before Python spends time, or fails, turning them into text."""

OPERATORS: dict[str, Text] = {
    "eq": lazy_gettext("is"),
    "ne": lazy_gettext("is not"),
    "lt": lazy_gettext("less than"),
    "lte": lazy_gettext("at most"),
    "gt": lazy_gettext("more than"),
    "gte": lazy_gettext("at least"),
    "in": lazy_gettext("is one of"),
    "contains": lazy_gettext("contains"),
    "startswith": lazy_gettext("begins with"),
    "isnull": lazy_gettext("is empty"),
    "near": lazy_gettext("is near"),
}

KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known by its name."""
    KINDS[kind.name] = kind
    return kind


def entity_of(model: type[peewee.Model]) -> str:
    """Key of the entity whose records `model` holds: `Meta.entity_key`, else the name of its table."""
    meta = model._meta
    return str(getattr(meta, "entity_key", None) or meta.table_name)


def primary_key(model: type[peewee.Model]) -> peewee.Field:
    """The id column of a model or of an alias of one."""
    return getattr(model, model._meta.primary_key.name)


def is_blank(raw: Raw) -> bool:
    """Whether nothing came: None, white space, an empty list, or parts that are all blank."""
    if isinstance(raw, str):
        return not raw.strip()
    if isinstance(raw, dict):
        return all(part is None or (isinstance(part, str) and not part.strip()) for part in raw.values())
    return raw is None or (isinstance(raw, list | tuple) and not raw)


def whole(raw: Raw) -> Raw:
    """The value itself where a spreadsheet gave it as the only part, `{"": value}`."""
    return raw[""] if isinstance(raw, dict) and list(raw) == [""] else raw


def truth(raw: Raw) -> bool:
    """A flag out of a query string or JSON. Raises Invalid for anything but true and false."""
    if isinstance(raw, bool):
        return raw
    word = text_of(raw).strip().lower() if isinstance(raw, str | int) else ""
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise Invalid(gettext("Say true or false."))


def listed(raw: Raw, most: int = 200) -> list[Raw]:
    """The values of an `in`: a list, comma-separated text or one value. Raises Invalid for none or above `most`."""
    if isinstance(raw, str):
        values: list[Raw] = [part for part in raw.split(",") if part.strip()]
    else:
        values = list(raw) if isinstance(raw, list | tuple) else [raw]
    if not values or len(values) > most:
        raise Invalid(gettext("Give between 1 and %(most)s values.", most=most))
    return values


def within(text: str, most: int) -> str:
    """`text` itself. Raises Invalid when it has more than `most` characters."""
    if len(text) > most:
        raise Invalid(
            gettext("At most %(most)s characters; these are %(count)s.", most=most, count=len(text))
        )
    return text


def text_of(raw: Raw) -> str:
    """Text out of a raw value; numbers are taken as typed. Raises Invalid for lists, objects and control characters."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise Invalid(gettext("This must be text."))
    if isinstance(raw, int) and raw.bit_length() > MAX_BITS:
        raise Invalid(gettext("This number is too long."))
    text = str(int(raw)) if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53 else str(raw)
    if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Invalid(gettext("This text has characters that cannot be kept."))
    return text
