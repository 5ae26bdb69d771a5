"""The tests have what they need: an empty database of either kind, a browser, and no silent skip in CI."""

from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.provide import chromium as chromium_module
from tests.provide import postgres
from tests.provide.chromium import BrowserMissing, chromium_path
from tests.provide.postgres import DatabaseMissing, server_url, temporary_database

AXE = Path(__file__).resolve().parent.parent / "node_modules" / "axe-core" / "axe.min.js"


def test_a_temporary_database_is_empty_and_gone_afterwards_even_while_in_use(postgres_server: str) -> None:
    with temporary_database("Crm Provide!") as url:
        held = psycopg.connect(url)
        tables = held.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    held.close()


def test_database_url_is_of_each_kind(database_url: str) -> None:
    assert database_url.startswith(("sqlite:///", "postgresql://"))


def test_a_named_server_that_does_not_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRM_TEST_POSTGRES", "postgresql://nobody@127.0.0.1:1/none")
    server_url.cache_clear()
    try:
        with pytest.raises(DatabaseMissing, match="CRM_TEST_POSTGRES"):
            server_url()
    finally:
        server_url.cache_clear()


def test_where_no_server_answers_the_tests_start_one_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CRM_TEST_POSTGRES", raising=False)
    monkeypatch.setattr(postgres, "_local_urls", list)
    server_url.cache_clear()
    try:
        with temporary_database("crm_own") as url, psycopg.connect(url) as server:
            assert server.info.server_version >= 150000
    finally:
        server_url.cache_clear()


def test_a_missing_browser_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium_module, "PROGRAMS", ())
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(BrowserMissing, match="sudo apt-get install chromium"):
        chromium_path()


@pytest.mark.browser
def test_the_browser_runs_and_the_accessibility_checker_is_there(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content("<html lang='en'><title>t</title><main><h1>Xin chào 你好</h1></main>")
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations.length")
    page.close()
    assert found == 0
