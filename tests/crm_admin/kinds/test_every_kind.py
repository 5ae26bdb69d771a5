"""Every kind through every surface, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html.parser import HTMLParser
from random import Random
from typing import Any

import jsonschema_rs
import peewee
import pytest
from peewee import Tuple
from werkzeug.datastructures import MultiDict

from crm_admin.config import Config, DatabaseSettings
from crm_admin.folding import index_text
from crm_admin.forms import build
from crm_admin.kinds import KINDS, OPERATORS, FieldDef, Invalid
from tests.connected import connected
from tests.crm_admin.kinds.stage import HOSTILE, SIDE_TABLES, STAGES, Stage, reader
from tests.provide.postgres import temporary_database

NESTED: Any = []
for _ in range(200):
    NESTED = [NESTED]

HOSTILE_RAWS: list[Any] = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff x",
    "\u202e gpj.exe",
    "\ufeff",
    "\u200b",
    "\x1b[31m",
    "\r\n",
    "a\nb",
    "x" * 100_000,
    "9" * 100_000,
    "1" * 5_000,
    "-" * 100,
    "+" * 61,
    "." * 50,
    "," * 50,
    "１" * 60,
    "1," * 300,
    "1e400",
    "1e-400",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "0x10",
    "1_000",
    "1__0",
    "--5",
    "٣",
    "½",
    "²",
    float("nan"),
    float("inf"),
    float("-inf"),
    1e308,
    5e-324,
    -0.0,
    10**400,
    -(10**400),
    2**63,
    -(2**63) - 1,
    0.1 + 0.2,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    NESTED,
    {"": {"": {"": 1}}},
    {"id": {"id": 1}},
    {"id": True},
    {"id": "1" * 5_000},
    {"amount": [], "currency": {}},
    {"amount": "1", "currency": "XXX"},
    {"amount": "NaN", "currency": "USD"},
    {"raw": [], "e164": {}},
    {"e164": "0912"},
    {"raw": "x" * 9_999, "e164": "+84912345678"},
    {"entity": "contact"},
    {"entity": [], "id": 1},
    {"entity": "secret", "id": 1},
    "secret:1",
    "contact:",
    "contact:-1",
    {"lat": "NaN", "lon": "1"},
    {"lat": 91, "lon": 0},
    {"lat": 1},
    {"street": ["x"]},
    {"country": "Nowhere", "street": "x"},
    {"": "2024-01-01", "x": 1},
    {1: 2},
    {None: None},
    b"bytes",
    object(),
    (1, 2),
    {1, 2},
    1j,
    "0000-00-00",
    "9999-99-99",
    "2024-02-30",
    "10000-01-01",
    "2024-02-29T24:61",
    "2024-02-29T13:14+99:99",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "25:61",
    "13:99 pm",
    "javascript:alert(1)",
    "https://u:p@h.com",
    "http://[::1",
    "//x",
    "http:///x",
    "https://a.b:99999",
    HOSTILE,
    "=cmd|' /C calc'!A0",
    "' OR 1=1 --",
    "%s%n{0}{x.__class__}",
    "a@b",
    "@",
    "a@" + "b." * 200 + "com",
]


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[peewee.Database]:
    """A database with the side tables, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("kinds") / "kinds.sqlite3"
        with connected(_config(f"sqlite:///{path}"), SIDE_TABLES) as made:
            yield made
        return
    request.getfixturevalue("postgres_server")
    with temporary_database("crm_kinds") as url, connected(_config(url), SIDE_TABLES) as made:
        yield made


@pytest.fixture(params=sorted(STAGES))
def stage(request: pytest.FixtureRequest) -> Stage:
    return STAGES[request.param]


def _config(url: str) -> Config:
    return Config(database=DatabaseSettings(url=url))


@pytest.fixture
def stored(
    engine: peewee.Database, stage: Stage
) -> Iterator[tuple[Stage, type[peewee.Model], dict[int, Any]]]:
    """The raw values of the stage saved as records, and the value of each by id."""
    model, definition = stage.model(), stage.definition
    kind = definition.kind
    engine.create_tables([model])
    values: dict[int, Any] = {}
    with engine.atomic():
        for raw in stage.raws:
            record = model()
            value = kind.settle(
                kind.parse(raw, definition, reader()), "trial", definition, reader(), new=False
            )
            kind.write(record, definition, value)
            record.save(force_insert=True)
            kind.after_save("trial", record.id, definition, value)
            values[record.id] = value
    yield stage, model, values
    with engine.atomic():
        for record_id in values:
            kind.after_save("trial", record_id, definition, None)
    assert not any(table.select().exists() for table in SIDE_TABLES)
    engine.drop_tables([model])


def test_every_kind_is_on_trial() -> None:
    assert set(STAGES) == set(KINDS)
    for stage in STAGES.values():
        assert {operator for operator, _, _ in stage.asked} <= set(OPERATORS)
        assert None in stage.raws


def test_what_is_saved_is_read_back(stored: tuple[Stage, type[peewee.Model], dict[int, Any]]) -> None:
    stage, model, values = stored
    definition = stage.definition
    records = list(model.select().order_by(model.id))
    definition.kind.load_many("trial", records, definition)
    read = {record.id: definition.kind.read(record, definition) for record in records}
    assert read == values
    assert {key: type(value) for key, value in read.items()} == {
        key: type(value) for key, value in values.items()
    }


def test_questions_have_the_answers_that_python_gives(
    stored: tuple[Stage, type[peewee.Model], dict[int, Any]],
) -> None:
    stage, model, values = stored
    definition = stage.definition
    for operator, raw, truth in stage.asked:
        condition = definition.kind.where(definition, model, operator, raw, reader())
        found = {row.id for row in model.select(model.id).where(condition)}
        assert found == {key for key, value in values.items() if truth(value)}, (operator, raw)


def test_the_search_text_has_what_a_filter_is_found_by(
    stored: tuple[Stage, type[peewee.Model], dict[int, Any]],
) -> None:
    """Else the search index, which may narrow a filter, would lose records."""
    stage, _, values = stored
    definition = stage.definition
    for operator, raw, truth in stage.asked:
        text = definition.kind.found_by(definition, operator, raw)
        for value in filter(truth, values.values()):
            assert text in index_text(definition.kind.fold_source(value, definition)), (operator, raw, value)


def test_every_operator_is_asked(stage: Stage) -> None:
    if stage.kind in ("user", "file", "autonumber"):
        return  # they inherit their questions
    assert {operator for operator, _, _ in stage.asked} == set(stage.definition.kind.operators)


def test_lists_sort_alike_with_empty_ones_last(
    stored: tuple[Stage, type[peewee.Model], dict[int, Any]],
) -> None:
    stage, model, values = stored
    definition = stage.definition
    if not definition.kind.sortable or stage.sort_key is None:
        return
    key = stage.sort_key
    for descending in (False, True):
        found: list[int] = []
        zones = definition.kind.zones(definition, model, descending)
        for place, zone in enumerate(zones):
            columns = [definition.kind.zone_column(definition, model), model.id]
            if definition.kind.zone_is_one_value(definition, place, len(zones)):
                columns = columns[1:]
            terms = [column.desc() if descending else column.asc() for column in columns]
            found += [row.id for row in model.select(model.id).where(zone).order_by(*terms)]
        full = sorted(
            (i for i, v in values.items() if v is not None),
            key=lambda i: (key(values[i]), i),
            reverse=descending,
        )
        empty = sorted((i for i, v in values.items() if v is None), reverse=descending)
        assert found == full + empty


def test_a_cursor_value_compares_with_its_column(
    stored: tuple[Stage, type[peewee.Model], dict[int, Any]],
) -> None:
    """Keyset paging compares (column, id) with what the column was stored as."""
    stage, model, _ = stored
    if not stage.definition.kind.sortable:
        return
    column = stage.definition.kind.zone_column(stage.definition, model)
    for record in model.select().where(column.is_null(False)):
        bound = column.db_value(getattr(record, column.name))
        beyond = peewee.Expression(Tuple(column, model.id), peewee.OP.GT, Tuple(bound, record.id))
        rows = model.select(model.id).where(beyond)
        assert record.id not in {row.id for row in rows}


@pytest.mark.parametrize("language", ["en", "vi", "zh"])
def test_dumps_cells_and_forms_come_back_as_the_same_value(stage: Stage, language: str) -> None:
    definition, who = stage.definition, reader(language)
    kind = definition.kind
    rng = Random(7)
    for raw in [*stage.raws, *(kind.sample(definition, rng) for _ in range(20))]:
        value = kind.parse(raw, definition, reader())
        assert kind.parse(kind.dump(value, definition), definition, who) == value
        cells = kind.cells(value, definition, who)
        assert kind.parse(cells, definition, who) == value
        if "" in cells and stage.kind != "money":  # an amount alone is one in the usual currency
            assert kind.parse(cells[""], definition, who) == value or stage.kind == "phone"
        if not kind.computed and stage.kind != "file":
            assert _through_a_form(definition, value, language) == value


def _through_a_form(definition: FieldDef, value: Any, language: str) -> Any:
    """The value after its control was drawn, read by a browser, posted, and read again with nothing known before."""
    who = reader(language)
    page = str(build([definition], who)(data={"f": value})["f"]())
    posted = build([definition], who)(MultiDict(_Browser(page).posted))
    assert posted.validate(), (posted.errors, page)
    assert posted["f"].posted
    return posted["f"].data


class _Browser(HTMLParser):
    """What a browser would post of a piece of a form, and whether each control has a name for a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.posted: list[tuple[str, str]] = []
        self.controls: list[dict[str, str | None]] = []
        self.labels: set[str] = set()
        self.inside_label = 0
        self.unnamed: list[str] = []
        self._select: tuple[str, bool] | None = None
        self._options: list[tuple[str, bool]] = []
        self._area: str | None = None
        self._text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert "style" not in found
        assert not any(name.startswith("on") for name in found)
        assert tag not in ("script", "style", "img")
        name = found.get("name") or ""
        if tag == "label":
            self.inside_label += 1
            self.labels.add(found.get("for") or "")
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.controls.append({**found, "in label": "yes" if self.inside_label else None})
        if tag == "input" and found.get("type") != "file":
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self.posted.append((name, found.get("value") or ""))
        elif tag == "select":
            self._select, self._options = (name, "multiple" in found), []
        elif tag == "option":
            self._options.append((found["value"] or "", "selected" in found))
        elif tag == "textarea":
            self._area, self._text = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.inside_label -= 1
        if tag == "select" and self._select:
            name, multiple = self._select
            chosen = [value for value, selected in self._options if selected]
            if not multiple:
                chosen = chosen[-1:] or [value for value, _ in self._options[:1]]
            self.posted += [(name, value) for value in chosen]
        if tag == "textarea" and self._area is not None:
            # A browser drops the first line end of a text area and posts the others as CR LF.
            text = self._text.removeprefix("\n").replace("\n", "\r\n")
            self.posted.append((self._area, text))
            self._area = None

    def handle_data(self, data: str) -> None:
        self._text += data


def test_a_form_sent_back_as_it_was_shown_changes_nothing(stage: Stage) -> None:
    """Even what a control cannot show: microseconds, the second of two equal hours, a retired choice."""
    for raw in stage.raws:
        definition = stage.definition
        value = definition.kind.parse(raw, definition, reader())
        form = build([definition], reader("vi"))
        page = str(form(data={"f": value})["f"]())
        again = form(MultiDict(_Browser(page).posted), data={"f": value})
        assert again.validate()
        assert again["f"].data == value


def test_a_form_without_the_control_leaves_the_value(stage: Stage) -> None:
    definition = stage.definition
    value = definition.kind.parse(stage.raws[0], definition, reader())
    form = build([definition], reader())(MultiDict({"other": "1"}), data={"f": value})
    assert form["f"].data == value
    assert not form["f"].posted


def test_every_control_has_a_name_and_keeps_what_was_typed(stage: Stage) -> None:
    definition = stage.definition
    for page in (
        str(build([definition], reader())()["f"]()),
        str(
            build([definition], reader())(
                data={"f": definition.kind.parse(stage.raws[0], definition, reader())}
            )["f"]()
        ),
    ):
        browser = _Browser(page)
        assert browser.controls
        for control in browser.controls:
            # The form row puts `<label for="f">` beside the control; parts need a name of their own.
            named = control.get("id") == "f" or control.get("id") in browser.labels
            assert named or control.get("aria-label") or control["in label"], control


def test_a_refused_value_stands_in_the_control_again(stage: Stage) -> None:
    definition = stage.definition
    if definition.kind.computed or stage.kind in ("flag", "file", "longtext", "richtext"):
        return  # these refuse nothing that a person can type
    typed = {"text": "x" * 201, "place": "x" * 201}.get(stage.kind, f"12 {HOSTILE}")
    names = {"place": "f-street", "subject": "f"}
    extra = {"subject": {"f-entity": "contact"}}.get(stage.kind, {})
    form = build([definition], reader())(MultiDict({names.get(stage.kind, "f"): typed, **extra}))
    assert not form.validate(), form["f"].data
    assert form["f"].errors
    page = str(form["f"]())
    assert 'aria-invalid="true"' in page or "aria-describedby" in page
    if stage.kind not in ("choice", "choices"):
        assert ("x" * 201 if typed == "x" * 201 else "&lt;script&gt;") in page
    assert "<script>" not in page


@pytest.mark.parametrize("language", ["en", "vi", "zh"])
def test_pages_show_no_markup_of_strangers(stage: Stage, language: str) -> None:
    definition, who = stage.definition, reader(language)
    kind = definition.kind
    values = [kind.parse(raw, definition, reader()) for raw in stage.raws]
    for raw in (
        HOSTILE,
        f"<p>{HOSTILE}</p>",
        {"street": HOSTILE},
        f"https://example.com/{HOSTILE.split()[0]}",
    ):
        try:
            values.append(kind.parse(raw, definition, who))
        except Invalid:
            continue
    for value in values:
        shown = str(kind.html(value, definition, who))
        assert "<script" not in shown
        assert "<img" not in shown
        assert "javascript:" not in shown


def test_nothing_from_outside_does_worse_than_being_refused(stage: Stage) -> None:
    definition = stage.definition
    model = stage.model()
    reasons: list[str] = []
    for raw in HOSTILE_RAWS:
        begun = time.perf_counter()
        try:
            value = definition.kind.parse(raw, definition, reader("vi"))
        except Invalid as refused:
            reasons.append(str(refused))
        else:
            assert "\x00" not in str(value)
            _survives_every_way_out(definition, value)
        for operator in OPERATORS:
            try:
                definition.kind.where(definition, model, operator, raw, reader("vi"))
            except Invalid:
                continue
        assert time.perf_counter() - begun < 1.5, repr(raw)[:60]
    assert all(reasons)


def _survives_every_way_out(definition: FieldDef, value: Any) -> None:
    kind, who = definition.kind, reader("vi")
    kind.format(value, definition, who)
    kind.html(value, definition, who)
    kind.draft(value, definition, who)
    kind.cells(value, definition, who)
    kind.references(value, definition)
    assert all(isinstance(text, str) for text in kind.fold_source(value, definition))


def test_dumps_fit_their_schema_and_samples_that_of_requests(stage: Stage) -> None:
    definition = stage.definition
    kind = definition.kind
    out = jsonschema_rs.validator_for(kind.schema(definition), validate_formats=True)
    into = jsonschema_rs.validator_for(kind.request_schema(definition), validate_formats=True)
    rng = Random(3)
    samples = [kind.sample(definition, rng) for _ in range(50)]
    for raw in [*stage.raws, *samples]:
        value = kind.parse(raw, definition, reader())
        if value is None:
            assert kind.dump(value, definition) is None
            continue
        dumped = kind.dump(value, definition)
        assert out.is_valid(dumped), dumped
        assert into.is_valid(dumped), dumped
    for sample in samples:
        assert into.is_valid(sample), sample
    for wrong in (NESTED, {"no": "such part"}, 1.5e300):
        assert not out.is_valid(wrong)


def test_nothing_is_empty_in_every_spelling(stage: Stage) -> None:
    definition = stage.definition
    spellings: list[Any] = [None, "", "  \t\n", {}, {"": ""}, []]
    for raw in spellings:
        assert definition.kind.is_empty(definition.kind.parse(raw, definition, reader()))
