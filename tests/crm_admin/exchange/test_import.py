"""Lists come in under the rules of the form: as the person who brings them, row by row, and can be taken back."""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from crm_admin import audit, db, listing, policy, records, registry
from crm_admin.exchange import Export, columns, undo, write
from crm_admin.exchange import batch as imports
from crm_admin.exchange.batch import ImportRow
from crm_admin.exchange.row import Plan
from crm_admin.i18n import catalogue, force_locale
from crm_admin.policy import Actor
from crm_admin.registry import EntityDef
from tests.crm_admin.exchange.office import actor_of, counts, drafted, grant, hide, imported, make
from tests.crm_admin.exchange.test_formula import PAYLOADS

ACCOUNT = registry.entity("account")
CONTACT = registry.entity("contact")


def names(entity: str = "account") -> list[str]:
    model = registry.entity(entity).model
    return [row.name for row in model.select().where(model.deleted_at.is_null()).order_by(model.id)]


def errors(made: Any) -> list[str]:
    return [f"{line}: {told}" for line, told in imports.wrong(made)]


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────
def test_columns_are_found_by_key_and_by_label_in_any_language(office: Actor) -> None:
    targets = columns.of_import(office, CONTACT)
    assert columns.guess(["family_name", "Given name", "E-mail", "address.city"], targets) == [
        "family_name", "given_name", "email", "address.city",
    ]  # fmt: skip
    for language in ("en", "vi", "zh"):
        with force_locale(catalogue(language)):
            shown = columns.headings(targets, keys=False)
        found = columns.guess(shown, targets)
        assert found == [column.key for column in targets], language
    plain = [unicodedata.normalize("NFD", name).upper() for name in shown]
    assert columns.guess(plain, targets) == [column.key for column in targets]


def test_a_column_nobody_knows_goes_nowhere_and_none_is_given_twice(office: Actor) -> None:
    targets = columns.of_import(office, CONTACT)
    assert columns.guess(["Shoe size", "Phone", "phone", "", "x" * 300], targets) == ["", "phone", "", "", ""]


def test_plan_says_what_is_wrong_with_it(office: Actor) -> None:
    assert Plan(("", "")).problems(office, CONTACT) == ["Choose a field for at least one column."]
    assert Plan(("phone", "phone")).problems(office, CONTACT) == ["Two columns go to the same field."]
    assert Plan(("created_at",)).problems(office, CONTACT) == [
        "Some columns go to fields that you cannot set."
    ]
    assert len(Plan(("phone",), match="email").problems(office, CONTACT)) == 1
    assert len(Plan(("description",), match="description").problems(office, CONTACT)) == 1


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────
def test_rows_become_records_of_whoever_brings_them(office: Actor) -> None:
    rows = "Hòa Bình,customer,0912345678,12.5 USD\nSao Mai,,,\n"
    made = imported(office, "account", f"Name,Type,Phone,Annual revenue\n{rows}")
    assert counts(made) == (2, 0, 0, 0)
    first, second = ACCOUNT.model.select().order_by(ACCOUNT.model.id)
    assert (first.name, first.type, first.phone_e164, first.annual_revenue) == (
        "Hòa Bình", "customer", "+84912345678", 1250,
    )  # fmt: skip
    assert (first.owner, first.source, second.type) == (office.id, "import", "prospect")
    entry = audit.AuditEntry.get(entity="account", record_id=first.id)
    assert (entry.source, entry.request_id, entry.user) == ("import", f"import-{made.id}", office.id)


def test_a_bad_row_loses_no_other(office: Actor) -> None:
    lines = [f"Shop {n},{'not a phone' if n % 5 == 0 else '0912345678'}" for n in range(450)]
    made = imported(office, "account", "Name,Phone\n" + "\n".join(lines))
    assert counts(made) == (360, 0, 0, 90)
    assert (made.status, made.done) == ("done", 450)
    assert errors(made)[0].startswith("2: Phone: This is not a phone number")
    back = list(csv.reader(io.StringIO(b"".join(imports.failures(made)).decode("utf-8-sig"))))
    assert back[0] == ["Name", "Phone", "Error"]
    assert back[1][:2] == ["Shop 0", "not a phone"]
    assert len(back) == 91


def test_every_field_that_is_wrong_is_named(office: Actor) -> None:
    made = imported(office, "account", "Name,Phone,E-mail,Type\nX,1,nobody,nothing\n")
    said = errors(made)[0]
    assert all(name in said for name in ("Phone:", "E-mail:", "Type:"))
    assert names() == []


def test_links_are_given_by_number_or_by_exact_name(office: Actor) -> None:
    one, _two, _three = (make("account", name=name) for name in ("Hòa Bình", "Sao Mai", "Sao Mai"))
    made = imported(
        office,
        "contact",
        f"Family name,Account\nAn,{one.id}\nBình,hoa binh\nChi,Sao Mai\nDũng,Nobody\nEm,999999\n",
    )
    assert counts(made) == (2, 0, 0, 3)
    assert [row.account for row in CONTACT.model.select()] == [one.id, one.id]
    assert [text.split(": ", 2)[2][:30] for text in errors(made)] == [
        "Several records are called “Sa", "No record is called “Nobody”.", "There is no such record.",
    ]  # fmt: skip


def test_empty_cells_leave_what_is_there_unless_told_otherwise(office: Actor) -> None:
    account = make("account", name="A", phone="0912345678", description="old")
    content = f"id,Phone,Description\n{account.id},,new\n"
    assert counts(imported(office, "account", content)) == (0, 1, 0, 0)
    row = ACCOUNT.model.get_by_id(account.id)
    assert (row.phone, row.description) == ("0912345678", "new")
    assert counts(imported(office, "account", content, overwrite=True)) == (0, 1, 0, 0)
    assert ACCOUNT.model.get_by_id(account.id).phone is None


def test_parts_that_a_file_does_not_have_stay(office: Actor) -> None:
    account = make("account", name="A", address={"street": "1 Lê Lợi", "city": "Huế"}, annual_revenue="5 USD")
    imported(
        office, "account", f"id,address.lat,address.lon,annual_revenue\n{account.id},16.46,107.59,7.25\n"
    )
    row = ACCOUNT.model.get_by_id(account.id)
    assert (row.address_street, row.address_city, row.address_lat) == ("1 Lê Lợi", "Huế", 16.46)
    assert (row.annual_revenue, row.annual_revenue_currency) == (725, "USD")


@pytest.mark.parametrize(
    ("field", "given"),
    [("Phone", "+84 912 345 678"), ("E-mail", "AN@Example.com"), ("Name", "hòa BÌNH"), ("Tax code", "0312")],
)
def test_records_are_recognised_by_what_they_are_searched_by(office: Actor, field: str, given: str) -> None:
    account = make("account", name="Hòa Bình", phone="0912345678", email="an@example.com", tax_code="0312")
    key = columns.guess([field], columns.of_import(office, ACCOUNT))[0]
    made = imported(office, "account", f"{field},Tier\n{given},A\n", match=key)
    assert counts(made) == (0, 1, 0, 0)
    assert ACCOUNT.model.get_by_id(account.id).tier == "A"


def test_a_name_that_differs_in_a_diacritic_is_another_one(office: Actor) -> None:
    make("account", name="Văn Ân")
    made = imported(office, "account", "Name,Tier\nVăn An,A\n", match="name")
    assert counts(made) == (1, 0, 0, 0)


def test_a_row_that_could_be_about_two_records_fails(office: Actor) -> None:
    make("account", name="A")
    make("account", name="A")
    made = imported(office, "account", "Name,Tier\nA,A\n", match="name")
    assert counts(made) == (0, 0, 0, 1)


def test_modes_and_rows_that_say_nothing_new(office: Actor) -> None:
    make("account", name="A", tier="A")
    content = "Name,Tier\nA,B\nNew,B\n"
    assert counts(imported(office, "account", content, match="name", mode="new")) == (1, 0, 1, 0)
    assert counts(imported(office, "account", content, match="name", mode="present")) == (0, 1, 1, 0)
    assert counts(imported(office, "account", content, match="name")) == (0, 0, 2, 0)


def test_two_rows_of_one_file_are_one_record(office: Actor) -> None:
    made = imported(office, "account", "E-mail,Name,Tier\na@b.vn,A,A\na@b.vn,A,B\n", match="email")
    assert counts(made) == (1, 1, 0, 0)
    assert names() == ["A"]


def test_phones_are_dialled_from_the_country_of_the_row(office: Actor) -> None:
    imported(office, "account", "Name,Phone,address.country,address.city\nA,(202) 456-1111,US,Washington\n")
    assert ACCOUNT.model.get().phone_e164 == "+12024561111"


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_field_one_may_not_set_is_refused(crm: Flask) -> None:
    hide("account", "tier", read=True)
    office = actor_of("office")
    assert "tier" not in {column.key for column in columns.of_import(office, ACCOUNT)}
    made = drafted(office, "account", "Name,Tier\nA,A\n")
    assert made.mapping == ["name", ""]
    made.mapping = ["name", "tier"]
    assert made.plan.problems(office, ACCOUNT)
    imports.run(office, made)
    assert counts(made) == (0, 0, 0, 1)
    assert names() == []


def test_records_one_may_not_change_or_see_are_not_changed(crm: Flask) -> None:
    grant("account", "update", "own")
    foreign = make("account", name="Foreign")
    office = actor_of("office")
    made = imported(office, "account", f"id,Tier\n{foreign.id},A\n")
    assert errors(made) == ["2: You may not change this record."]
    grant("account", "read", "own")
    office = actor_of("office")
    made = imported(office, "account", f"id,Tier\n{foreign.id},A\n")
    assert errors(made) == ["2: Number: There is no such record."]
    assert ACCOUNT.model.get_by_id(foreign.id).row_version == 1


def test_who_may_not_create_adds_nothing(crm: Flask) -> None:
    grant("account", "create", "none")
    made = imported(actor_of("office"), "account", "Name\nA\n")
    assert errors(made) == ["2: You may not add records here."]


def test_files_are_not_made_of_tables(crm: Flask) -> None:
    made = imported(policy.SYSTEM, "attachment", "File name\nx.txt\n")
    assert counts(made) == (0, 0, 0, 1)


def test_only_ones_own_imports_are_seen_but_by_administrators(office: Actor) -> None:
    made = drafted(office, "account", "Name\nA\n")
    assert imports.of(office, "account", made.id) == made
    assert imports.of(office, "contact", made.id) is None
    assert imports.of(actor_of("supervisor"), "account", made.id) is None
    assert imports.of(actor_of("admin"), "account", made.id) == made
    assert imports.of(office, "account", 2**70) is None
    assert imports.recent(actor_of("supervisor"), "account") == []


# ── trying, taking up again, undoing ────────────────────────────────────────────────────────────────
def test_a_preview_says_what_would_happen_and_saves_nothing(office: Actor) -> None:
    account = make("account", name="A", tier="B")
    case = "case"
    made = drafted(
        office, "account", f"id,Name,Tier,Phone\n{account.id},A,A,\n,New,,\n{account.id},A,A,\n,,,x\n"
    )
    before = state()
    tried = list(imports.preview(office, made))
    assert [t.outcome.action for t in tried] == ["update", "create", "skip", "error"]
    assert [t.line for t in tried] == [2, 3, 4, 5]
    assert state() == before
    numbered = drafted(office, case, "Subject\nBroken\n")
    list(imports.preview(office, numbered))
    assert make(case, subject="First").number.endswith("00001")


def state() -> list[Any]:
    tables: list[Any] = [ACCOUNT.model, CONTACT.model, audit.AuditEntry, ImportRow]
    return [list(table.select().order_by(table.id).dicts()) for table in tables]


class Crash(Exception):
    """The worker dies."""


def test_a_job_that_died_goes_on_where_it_was(office: Actor) -> None:
    made = drafted(office, "account", "Name\n" + "\n".join(f"Shop {n}" for n in range(700)))

    def die(done: int, rows: int) -> None:
        if done >= 400:
            raise Crash

    with pytest.raises(Crash):
        imports.run(office, made, die)
    again = imports.Import.get_by_id(made.id)
    assert (again.done, again.status, len(names())) == (400, "running", 400)
    imports.run(office, again)
    imports.run(office, imports.Import.get_by_id(made.id))
    assert names() == [f"Shop {n}" for n in range(700)]
    assert counts(imports.Import.get_by_id(made.id)) == (700, 0, 0, 0)


def test_a_crash_inside_a_transaction_leaves_no_half_of_it(
    office: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drafted(office, "account", "Name\n" + "\n".join(f"Shop {n}" for n in range(300)))
    plain, seen = imports._attempt, []

    def attempt(importer: Any, cells: Any) -> Any:
        seen.append(cells)
        if len(seen) == 250:
            raise Crash
        return plain(importer, cells)

    monkeypatch.setattr(imports, "_attempt", attempt)
    with pytest.raises(Crash):
        imports.run(office, made)
    assert len(names()) == ImportRow.select().count() == 200
    imports.run(office, imports.Import.get_by_id(made.id))
    assert len(names()) == 300


def test_undo_takes_back_what_was_added_and_what_was_changed(office: Actor) -> None:
    kept = make(
        "account", name="Old", tier="B", phone="0912345678", address={"city": "Huế"}, annual_revenue="5 USD"
    )
    content = (
        "id,Name,Tier,Phone,address.city,annual_revenue\n"
        f"{kept.id},Renamed,A,0987654321,Đà Nẵng,9\n,New,A,,,\n{kept.id},Renamed twice,,,,\n"
    )
    before = dumped(kept.id)
    made = imported(office, "account", content)
    assert counts(made) == (1, 2, 0, 0)
    assert names() == ["Renamed twice", "New"]
    undo.run(office, made)
    assert (made.status, made.taken_back, made.kept) == ("undone", 3, 0)
    assert names() == ["Old"]
    assert dumped(kept.id) == before
    undo.run(office, made)
    assert dumped(kept.id) == before


def dumped(number: int) -> dict[str, Any]:
    record = records.get(policy.SYSTEM, "account", number)
    records.load_names(ACCOUNT, [record], ACCOUNT.fields, records.reader(policy.SYSTEM))
    own = {key: f for key, f in ACCOUNT.fields.items() if key not in registry.SYSTEM_COLUMNS}
    return {key: f.kind.dump(f.kind.read(record, f), f) for key, f in own.items()}


def test_undo_leaves_what_somebody_changed_since_and_says_which(office: Actor) -> None:
    old = make("account", name="Old", tier="B")
    made = imported(office, "account", f"id,Name,Tier\n{old.id},Old,A\n,New,\n,Gone,\n")
    new = ACCOUNT.model.get(name="New")
    records.update(office, ACCOUNT.model.get_by_id(old.id), {"tier": "C"})
    records.delete(office, ACCOUNT.model.get(name="Gone"))
    undo.run(office, made)
    assert (made.taken_back, made.kept) == (1, 2)
    assert [(row.line, row.undo) for row in undo.kept(made)] == [(2, "changed"), (4, "gone")]
    assert ACCOUNT.model.get_by_id(old.id).tier == "C"
    assert ACCOUNT.model.get_by_id(new.id).deleted_at is not None


def test_undo_needs_the_right_to_delete(crm: Flask) -> None:
    made = imported(actor_of("office"), "account", "Name\nA\n")
    grant("account", "delete", "none")
    undo.run(actor_of("office"), made)
    assert [row.undo for row in undo.kept(made)] == ["forbidden"]
    assert names() == ["A"]


# ── there and back ──────────────────────────────────────────────────────────────────────────────────
def exported(entity: str, form: str, *, keys: bool = False, language: str = "en") -> bytes:
    asked: Any = MultiDict({"sort": "id"})
    query = listing.parse(policy.SYSTEM, registry.entity(entity), asked, limit=50)
    seeing = records.reader(policy.SYSTEM, language=language)
    with force_locale(catalogue(language)):
        return b"".join(write(Export(policy.SYSTEM, query, seeing, keys=keys), form))


def raw_sample(definition: EntityDef, rng: random.Random, known: dict[str, list[int]]) -> dict[str, Any]:
    """A sample of every field that may be set, with links to records that are there."""
    raw: dict[str, Any] = {}
    for key in policy.fields(policy.SYSTEM, definition.key, "write") - {"parent", "manager", "role"}:
        field = definition.fields[key]
        if field.kind.computed:
            continue
        sample = field.kind.sample(field, rng)
        references = field.kind.references(
            field.kind.parse(sample, field, records.reader(policy.SYSTEM)), field
        )
        if references:
            there = [known.get(entity, []) for entity, _ in references]
            if not all(there):
                continue
            sample = (
                [there[0][0]] if isinstance(sample, list)
                else {"entity": references[0][0], "id": there[0][0]} if isinstance(sample, dict) else there[0][0]
            )  # fmt: skip
        raw[key] = sample
    return raw


SINGULAR = ("role", "user", "currency", "pipeline", "stage", "account_contact", "attachment")
"""Entities whose records have rules of their own among each other; they are changed, not added, below."""


# What rules across fields ask for.
FIXED: dict[str, dict[str, Any]] = {
    "lead": {"status": "new"},
    "contact": {"birthday": "1990-02-28"},
    "meeting": {"starts_at": "2026-03-01T08:00:00Z", "ends_at": "2026-03-01T09:00:00Z"},
    "queue": {"ring_s": 20, "max_wait_s": 180},
    "opening_hours": {"opens": "08:00:00", "closes": "17:30:00"},
    "calling_rule": {"calls_from": "08:00:00", "calls_until": "17:00:00"},
}


def fill(rng: random.Random) -> None:
    known = {d.key: [row.id for row in d.model.select().limit(3)] for d in registry.entities()}
    for definition in registry.entities():
        if definition.key in SINGULAR:
            continue
        for _ in range(3):
            raw = {**raw_sample(definition, rng, known), **FIXED.get(definition.key, {})}
            if definition.key == "calling_rule":
                raw["country"] = ("VN", "CN", "DE")[len(known.get("calling_rule", ()))]
            if definition.key == "opportunity":
                first = (
                    registry.entity("stage")
                    .model.select()
                    .order_by(registry.entity("stage").model.id)
                    .first()
                )
                raw |= {"stage": first.id, "pipeline": first.pipeline}
            made = make(definition.key, **raw)
            known.setdefault(definition.key, []).append(made.id)


@pytest.mark.parametrize(
    ("form", "keys", "language"),
    [
        ("csv", False, "en"),
        ("csv", False, "vi"),
        ("csv", True, "en"),
        ("xlsx", False, "zh"),
        ("jsonl", True, "en"),
    ],
)
def test_what_is_exported_comes_back_the_same(
    sqlite_crm: Flask, form: str, keys: bool, language: str
) -> None:
    fill(random.Random(5))
    for definition in registry.entities():
        before = exported(definition.key, "jsonl")
        if not before:
            continue
        content = exported(definition.key, form, keys=keys, language=language)
        reader = records.reader(policy.SYSTEM, language=language)
        with force_locale(catalogue(language)):
            made = imports.draft(policy.SYSTEM, definition, f"x.{form}", content, reader)
            assert made.match == "id"
            made.overwrite = True
            made.save()
            imports.run(policy.SYSTEM, made)
        assert errors(made) == [], definition.key
        assert counts(made) == (0, 0, made.rows, 0), definition.key
        assert exported(definition.key, "jsonl") == before


def test_deleted_fields_come_back_from_a_file(crm: Flask) -> None:
    fill(random.Random(6))
    before = {form: exported("account", form) for form in ("csv", "xlsx", "jsonl")}
    for form, content in before.items():
        emptied = policy.fields(policy.SYSTEM, "account", "write") - {"name", "owner", "team"}
        for row in ACCOUNT.model.select():
            records.update(policy.SYSTEM, row, dict.fromkeys(emptied))
        assert exported("account", "csv") != before["csv"]
        made = imported(policy.SYSTEM, "account", content, f"x.{form}")
        assert errors(made) == []
        assert made.updated == made.rows > 0
        assert business(exported("account", "jsonl")) == business(before["jsonl"])


def business(content: bytes) -> list[str]:
    lines = [json.loads(line) for line in content.splitlines()]
    return [json.dumps({k: v for k, v in line.items() if k not in registry.SYSTEM_COLUMNS}) for line in lines]


def test_formulas_survive_the_way_out_and_in(sqlite_crm: Flask) -> None:
    texts = ["x" + p.replace("\x00", "").replace("\r", "\n") + "." for p in PAYLOADS if p.strip()]
    texts += [p for p in PAYLOADS if p == p.strip() and "\x00" not in p and "\r" not in p]
    account = make("account", name="A")
    made = [make("note", body=text, regarding=f"account:{account.id}") for text in texts]
    kept = {row.id: row.body for row in registry.entity("note").model.select()}
    for form in ("csv", "xlsx", "jsonl"):
        content = exported("note", form)
        back = imported(policy.SYSTEM, "note", content, f"x.{form}", overwrite=True)
        assert (errors(back), back.skipped) == ([], len(made)), form
        assert {row.id: row.body for row in registry.entity("note").model.select()} == kept


def test_rows_are_done_in_short_transactions(office: Actor) -> None:
    made = drafted(office, "account", "Name\n" + "\n".join(f"Shop {n}" for n in range(450)))
    told: list[tuple[int, int]] = []
    imports.run(office, made, lambda done, rows: told.append((done, db.database.transaction_depth())))
    assert told == [(200, 0), (400, 0), (450, 0)]
