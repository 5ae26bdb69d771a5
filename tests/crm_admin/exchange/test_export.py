"""An export holds what its reader may see and take, in files that spreadsheets open and programs read back."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from crm_admin import audit, listing, policy, records, registry
from crm_admin.db import count_queries
from crm_admin.exchange import Export, columns, workbook, write
from crm_admin.policy import Actor
from tests.crm_admin.exchange.office import actor_of, grant, hide, make
from tests.crm_admin.exchange.test_formula import PAYLOADS


def export(
    entity: str, form: str = "csv", actor: Actor = policy.SYSTEM, keys: bool = False, **args: Any
) -> bytes:
    asked: Any = MultiDict(args)
    query = listing.parse(actor, registry.entity(entity), asked, limit=50)
    assert not query.problems
    return b"".join(write(Export(actor, query, records.reader(actor), keys=keys), form))


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.usefixtures("crm")
def test_csv_opens_in_excel_and_says_what_the_fields_say() -> None:
    account = make("account", name="Công ty Hòa Bình", annual_revenue="12.5 USD", phone="0912345678")
    make("contact", family_name="Nguyễn", given_name="An, “Bé”", account=account.id)
    content = export("contact")
    assert content.startswith("\ufeff".encode())
    assert content.count(b"\r\n") == 2
    row = table(content)[0]
    assert (row["Name"], row["Account"], row["Account · Name"]) == (
        "Nguyễn An, “Bé”", str(account.id), "Công ty Hòa Bình",
    )  # fmt: skip
    row = table(export("account"))[0]
    assert (row["Annual revenue"], row["Annual revenue · Currency"]) == ("12.5", "USD")
    assert (row["Phone"], row["Phone · International form"]) == ("0912345678", "'+84912345678")


@pytest.mark.usefixtures("crm")
def test_columns_start_with_number_and_name_then_follow_the_form() -> None:
    keys = [column.key for column in columns.of_export(policy.SYSTEM, registry.entity("contact"))]
    assert keys[:6] == ["id", "name", "family_name", "middle_name", "given_name", "account"]
    assert keys[-1] == "source"
    assert len(set(keys)) == len(keys)


@pytest.mark.usefixtures("crm")
def test_every_heading_of_every_entity_is_unique() -> None:
    for definition in registry.entities():
        names = columns.headings(columns.of_export(policy.SYSTEM, definition), keys=False)
        assert len({name.casefold() for name in names}) == len(names), definition.key


def test_a_field_that_may_not_be_read_does_not_leave(office: Actor) -> None:
    make("product", name="Cà phê", code="CF-1", cost="1234 VND")
    assert table(export("product", actor=office))[0]["Cost"] == "1234"
    hide("product", "cost")
    content = export("product", actor=actor_of("office"))
    assert "Cost" not in content.decode()
    assert "1234" not in content.decode()
    assert b"1234" not in export("product", "jsonl", actor=actor_of("office"))


def test_only_records_one_may_export_leave(crm: Flask) -> None:
    grant("account", "export", "own")
    me = actor_of("office")
    make("account", me, name="Mine")
    make("account", name="Not mine")
    assert len(list(policy.scope(me, "account"))) == 2
    assert [row["Name"] for row in table(export("account", actor=me))] == ["Mine"]


@pytest.mark.usefixtures("crm")
def test_filters_and_search_narrow_the_export() -> None:
    for name in ("Hòa Bình", "Sao Mai", "Hoa Sen"):
        make("account", name=name)
    assert [row["Name"] for row in table(export("account", name__startswith="hoa"))] == [
        "Hòa Bình",
        "Hoa Sen",
    ]
    assert [row["Name"] for row in table(export("account", q="sao"))] == ["Sao Mai"]


@pytest.mark.usefixtures("crm")
def test_formulas_are_text_in_every_file_but_those_for_programs() -> None:
    for payload in PAYLOADS:
        make(
            "note",
            body=f"x\n{payload}".replace("\x00", ""),
            regarding=f"account:{make('account', name='A').id}",
        )
    made = make("account", name="=cmd|' /C calc'!A1")
    safe = table(export("account", id=made.id))[0]
    assert safe["Name"] == "'=cmd|' /C calc'!A1"
    assert table(export("account", id=made.id, keys=True))[0]["name"] == "=cmd|' /C calc'!A1"
    book = openpyxl.load_workbook(io.BytesIO(export("note", "xlsx")))
    types = {cell.data_type for row in book.active.iter_rows() for cell in row}
    assert "f" not in types
    book = openpyxl.load_workbook(io.BytesIO(export("account", "xlsx", id=made.id)))
    assert [cell.value for cell in book.active[2]][1] == "'=cmd|' /C calc'!A1"


def test_a_label_that_looks_like_a_formula_is_text(monkeypatch: pytest.MonkeyPatch, crm: Flask) -> None:
    monkeypatch.setattr(columns, "headings", lambda shown, keys: ["=1+1"] * len(list(shown)))
    assert b"'=1+1,'=1+1" in export("account")
    book = openpyxl.load_workbook(io.BytesIO(export("account", "xlsx")))
    assert book.active["A1"].value == "'=1+1"


@pytest.mark.usefixtures("crm")
def test_workbook_keeps_numbers_text_and_truth() -> None:
    make("account", name="  A  <b>&\x01", employees=7, annual_revenue="1234567 VND", do_not_call=True)
    sheet = openpyxl.load_workbook(io.BytesIO(export("account", "xlsx"))).active
    row = dict(zip((c.value for c in sheet[1]), (c.value for c in sheet[2]), strict=True))
    assert row["Employees"] == 7
    assert row["Annual revenue"] == 1234567
    assert row["Do not call"] is True
    assert row["Name"] == "A <b>&_x0001_"


def test_a_workbook_goes_on_on_the_next_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS", 4)
    content = b"".join(workbook.write("Kunden/1", ["n"], [[[n] for n in range(7)]]))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [[row[0] for row in sheet.values] for sheet in book] == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]
    assert book.sheetnames == ["Kunden 1", "Kunden 1 2", "Kunden 1 3"]


def test_a_workbook_is_given_away_while_it_is_written() -> None:
    rng = random.Random(1)
    rows = ([[rng.randbytes(8).hex()] for _ in range(500)] for _ in range(60))
    pieces = list(workbook.write("x", ["n"], rows))
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 300_000
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).testzip() is None


@pytest.mark.usefixtures("crm")
def test_json_lines_are_what_the_api_says() -> None:
    made = make("opportunity", name="=1", amount="12.5 USD", account=make("account", name="A").id, **stage())
    line = json.loads(export("opportunity", "jsonl"))
    assert (line["id"], line["name"], line["amount"]) == (made.id, "=1", {"amount": 12.5, "currency": "USD"})


def stage() -> dict[str, Any]:
    first = registry.entity("stage").model.select().order_by(registry.entity("stage").model.position).first()
    return {"pipeline": first.pipeline, "stage": first.id}


def test_who_took_what_is_noted_before_it_leaves(office: Actor, caplog: pytest.LogCaptureFixture) -> None:
    make("account", name="Hòa Bình")
    caplog.set_level("INFO", "crm.security")
    asked: Any = MultiDict({"name__contains": "hoa"})
    query = listing.parse(office, registry.entity("account"), asked, limit=50)
    pieces = write(Export(office, query, records.reader(office)), "csv")
    entry = audit.AuditEntry.get(action="export")
    assert (entry.user, entry.entity) == (office.id, "account")
    assert entry.changes == {
        "format": [None, "csv"], "filters": [None, {"name__contains": "hoa"}], "count": [None, 1],
    }  # fmt: skip
    list(pieces)
    assert [vars(r)["rows"] for r in caplog.records if r.message == "export"] == [1]


@pytest.mark.usefixtures("crm")
def test_questions_grow_with_batches_not_with_rows() -> None:
    account = make("account", name="A")
    for n in range(30):
        make("contact", family_name=f"N{n}", account=account.id)
    export("contact")
    with count_queries() as few:
        export("contact", family_name="N1")
    with count_queries() as many:
        export("contact")
    assert len(many) <= len(few) + 1


def test_time_is_that_of_the_reader(crm: Flask) -> None:
    make("account", name="A")
    registry.entity("account").model.update(
        created_at=datetime.fromisoformat("2026-03-01T20:00:00")
    ).execute()
    asked: Any = MultiDict()
    query = listing.parse(policy.SYSTEM, registry.entity("account"), asked, limit=50)
    seeing = records.reader(policy.SYSTEM, timezone="Asia/Ho_Chi_Minh")
    assert (
        "2026-03-02 03:00:00+07:00" in b"".join(write(Export(policy.SYSTEM, query, seeing), "csv")).decode()
    )
