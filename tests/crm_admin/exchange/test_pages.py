"""The wizard and the download as people click through them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from crm_admin import audit, db, jobs, registry
from crm_admin.config import Config
from crm_admin.exchange.batch import Import
from crm_admin.jobs import imports as work
from tests.crm_admin.exchange.office import make
from tests.people import Person

ACCOUNT = registry.entity("account")
LIST = "Tên khách,Loại,Phone\nHòa Bình,customer,0912345678\nSao Mai,,not a phone\n"


def upload(person: Person, content: str) -> TestResponse:
    file = (io.BytesIO(content.encode()), "khách hàng.csv")
    return person.post("/admin/account/import/", {"file": file}, content_type="multipart/form-data")


def work_off(app: Flask) -> None:
    worker = jobs.Worker(config_of(app), around=app.app_context)
    while worker.step():
        pass


def config_of(app: Flask) -> Config:
    config: Config = app.extensions["crm"]
    return config


def text_of(page: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def test_a_list_is_brought_in_step_by_step_and_taken_back(crm: Flask) -> None:
    office = Person(crm, "office")
    assert "Nothing is saved before" in office.get("/admin/account/import/").text
    answer = upload(office, LIST)
    assert answer.status_code == 303
    plan = office.get(answer.location)
    assert "Tên khách" in plan.text
    assert "Hòa Bình" in plan.text
    assert re.search(r'<option value="phone" selected>', plan.text)
    assert ACCOUNT.model.select().count() == 0

    chosen = {"column-0": "name", "column-1": "type", "column-2": "phone"}
    answer = office.post(answer.location, {**chosen, "match": "", "mode": "both", "language": "en"})
    assert answer.status_code == 303
    preview = office.get(answer.location)
    assert "1 row would fail" in preview.text
    assert "Phone: This is not a phone number" in text_of(preview)
    assert ACCOUNT.model.select().count() == 0

    batch = Import.get()
    answer = office.post(f"/admin/account/import/{batch.id}/start/")
    waiting = office.get(answer.location)
    assert 'hx-trigger="every' in waiting.text
    assert '<meta http-equiv="refresh"' in waiting.text
    office.post(f"/admin/account/import/{batch.id}/start/")
    assert jobs.Job.select().count() == 1
    work_off(crm)

    result = office.get(answer.location)
    assert "hx-trigger" not in result.text
    assert "Rows in the file 2 Done 2 Added 1 Changed 0 Left as they are 0 Failed 1" in text_of(result)
    failed = office.get(f"/admin/account/import/{batch.id}/failed.csv")
    rows = list(csv.reader(io.StringIO(failed.text.removeprefix("\ufeff"))))
    assert rows[0] == ["Tên khách", "Loại", "Phone", "Error"]
    assert rows[1][:3] == ["Sao Mai", "", "not a phone"]
    assert [row.name for row in ACCOUNT.model.select()] == ["Hòa Bình"]
    assert ACCOUNT.model.get().owner == office.id

    office.post(f"/admin/account/import/{batch.id}/undo/")
    work_off(crm)
    assert "1 row was taken back" in office.get(answer.location).text
    assert ACCOUNT.model.get().deleted_at is not None
    assert "khách hàng.csv" in office.get("/admin/account/import/").text


def test_a_wrong_plan_and_a_wrong_file_are_said_in_place(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    answer = office.post("/admin/account/import/", {}, content_type="multipart/form-data")
    assert (answer.status_code, "Choose a file." in answer.text) == (422, True)
    answer = upload(office, "\n\n")
    assert (answer.status_code, "There is nothing in this file." in answer.text) == (422, True)
    url = upload(office, "Name,Phone\nA,\n").location
    answer = office.post(url, {"column-0": "phone", "column-1": "phone"})
    assert (answer.status_code, "Two columns go to the same field." in answer.text) == (422, True)
    answer = office.post(url, {"column-0": "row_version"})
    assert answer.status_code == 422
    assert Import.get().mapping == ["name", "phone"]


def test_who_may_not_import_finds_closed_doors(crm: Flask) -> None:
    office, agent, admin = (Person(crm, name) for name in ("office", "agent", "admin"))
    url = upload(office, "Name\nA\n").location
    number = Import.get().id
    for path in (
        "",
        *(f"{number}/{step}" for step in ("", "columns/", "preview/", "failed.csv", "progress/")),
    ):
        assert agent.get(f"/admin/account/import/{path}").status_code == 403, path
        assert office.get(f"/admin/nothing/import/{path}").status_code == 404, path
        if path:
            assert office.get(f"/admin/contact/import/{path}").status_code == 404, path
    for verb in ("start", "undo", "stop", "again"):
        assert agent.post(f"/admin/account/import/{number}/{verb}/").status_code == 403
        assert office.post(f"/admin/contact/import/{number}/{verb}/").status_code == 404
    assert Import.get().status == "draft"
    assert admin.get(url).status_code == 200
    supervisor = Person(crm, "supervisor")
    assert supervisor.get(url).status_code == 404
    assert supervisor.post(f"/admin/account/import/{number}/start/").status_code == 404
    assert jobs.Job.select().count() == 0


def test_rights_are_those_of_the_moment_the_work_is_done(crm: Flask) -> None:
    office = Person(crm, "office")
    upload(office, "Name\nA\n")
    work.start(Import.get(), office.actor)
    model = registry.entity("user").model
    model.update(active=False).where(model.id == office.id).execute()
    work_off(crm)
    assert (Import.get().status, Import.get().problem) == ("failed", "You may not import any more.")
    assert ACCOUNT.model.select().count() == 0


def test_an_import_can_be_stopped_and_taken_up_again(crm: Flask) -> None:
    office = Person(crm, "office")
    upload(office, "Name\n" + "\n".join(f"Shop {n}" for n in range(30)))
    number = Import.get().id
    office.post(f"/admin/account/import/{number}/start/")
    office.post(f"/admin/account/import/{number}/stop/")
    work_off(crm)
    assert Import.get().status == "cancelled"
    assert "Go on" in office.get(f"/admin/account/import/{number}/").text
    office.post(f"/admin/account/import/{number}/again/")
    work_off(crm)
    assert (Import.get().status, ACCOUNT.model.select().count()) == ("done", 30)


def test_an_import_that_ran_into_an_error_says_so(crm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Person(crm, "office")
    upload(office, "Name\nA\n")
    number = Import.get().id
    office.post(f"/admin/account/import/{number}/start/")
    jobs.Job.update(state="failed").execute()
    page = office.get(f"/admin/account/import/{number}/")
    assert "unexpected error" in page.text
    assert Import.get().status == "failed"


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_errors_are_in_the_language_of_who_imports(sqlite_crm: Flask, language: str) -> None:
    office = Person(sqlite_crm, "office")
    model = registry.entity("user").model
    model.update(language=language).where(model.id == office.id).execute()
    upload(office, "name,phone\nA,x\n")
    assert Import.get().reader["language"] == "en"
    upload(office, "Name,Phone\nA,x\n")
    assert Import.select().order_by(Import.id.desc()).first().reader["language"] == language


def test_a_download_is_named_typed_and_never_kept(crm: Flask) -> None:
    office = Person(crm, "office")
    make("account", name="Hòa Bình")
    make("account", name="=1+1")
    answer = office.get("/admin/account/export/csv?name__contains=hoa")
    assert answer.status_code == 200
    assert re.fullmatch(
        r"attachment; filename=account-\d{4}-\d\d-\d\d\.csv", answer.headers["Content-Disposition"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.text.count("\r\n") == 2
    assert audit.AuditEntry.get(action="export").user == office.id
    assert "'=1+1" in office.get("/admin/account/export/csv").text
    plain = office.get("/admin/account/export/csv?headers=keys").text
    assert plain.startswith("\ufeffid,name,")
    assert ",=1+1," in plain
    assert office.get("/admin/account/export/xlsx").data.startswith(b"PK")
    assert office.get("/admin/account/export/jsonl").mimetype == "application/x-ndjson"
    assert office.get("/admin/account/export/pdf").status_code == 404
    assert Person(crm, "viewer").get("/admin/account/export/csv").status_code == 403


def test_the_connection_lives_as_long_as_the_download(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    for n in range(3):
        make("account", name=f"A{n}")
    sqlite_crm.testing = False
    try:
        answer: Any = office.client.get("/admin/account/export/csv", buffered=False)
        pieces = iter(answer.response)
        assert [next(pieces)[:3], next(pieces)[:1]][0] == b"\xef\xbb\xbf"
        assert not db.database.is_closed()
        assert list(pieces) == []
        answer.close()
        assert db.database.is_closed()
    finally:
        sqlite_crm.testing = True
        db.database.connect(reuse_if_open=True)
