"""What goes over the line compressed, and what never does because its length could tell a secret."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask

from tests.people import Person

STYLES = "/static/vendor/tabler/tabler.min.css"
ASKED = {"Accept-Encoding": "gzip, br"}
OURS = {**ASKED, "Sec-Fetch-Site": "same-origin"}
TLS = "https://crm.example"


def test_style_sheets_come_compressed_and_are_the_same(sqlite_crm: Flask) -> None:
    browser = sqlite_crm.test_client()
    plain, packed = browser.get(STYLES, buffered=True), browser.get(STYLES, buffered=True, headers=ASKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 5
    assert "accept-encoding" in plain.vary
    assert "accept-encoding" in packed.vary


def test_a_kept_file_is_served_again_and_for_ever(sqlite_crm: Flask) -> None:
    browser = sqlite_crm.test_client()
    first, second = (browser.get(f"{STYLES}?v=1", buffered=True, headers=ASKED) for _ in range(2))
    assert first.data == second.data
    assert second.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_browser_that_has_the_file_is_told_so(sqlite_crm: Flask) -> None:
    browser = sqlite_crm.test_client()
    for headers in ({}, ASKED):
        tag = browser.get(STYLES, buffered=True, headers=headers).headers["ETag"]
        again = browser.get(STYLES, buffered=True, headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_file_comes_as_it_is(sqlite_crm: Flask) -> None:
    part = sqlite_crm.test_client().get(STYLES, buffered=True, headers={**ASKED, "Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)
    assert "Content-Encoding" not in part.headers


def test_pages_come_compressed(sqlite_crm: Flask) -> None:
    office = Person(sqlite_crm, "office")
    packed = office.client.get("/admin/contact/", headers=ASKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).lstrip().startswith(b"<!doctype html>")
    assert "accept-encoding" in packed.vary
    assert "Content-Encoding" not in office.client.get("/admin/contact/").headers


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_an_answer_to_a_forged_request_tells_nothing_by_its_length(sqlite_crm: Flask, origin: str) -> None:
    office = Person(sqlite_crm, "office")
    forged = office.client.get("/search?q=secret", headers={**ASKED, "Sec-Fetch-Site": origin})
    assert forged.status_code == 200
    assert "Content-Encoding" not in forged.headers


def test_over_tls_a_cookie_and_no_word_of_the_origin_is_not_trusted(sqlite_crm: Flask) -> None:
    browser = sqlite_crm.test_client()
    stranger = browser.get("/login", base_url=TLS, headers=ASKED)
    browser.set_cookie("crm_session", "any", domain="crm.example", secure=True)
    silent = browser.get("/login", base_url=TLS, headers=ASKED)
    told = browser.get("/login", base_url=TLS, headers=OURS)
    assert "Content-Encoding" not in silent.headers
    assert told.headers["Content-Encoding"] == stranger.headers["Content-Encoding"] == "gzip"


def test_what_is_short_stays_as_it_is(sqlite_crm: Flask) -> None:
    assert "Content-Encoding" not in sqlite_crm.test_client().get("/healthz", headers=ASKED).headers
