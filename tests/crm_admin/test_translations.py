"""Vietnamese and Chinese are complete: nothing untranslated, one word for one thing, no English left on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from flask import Flask

from crm_admin import app as application
from crm_admin import config, db, i18n, migrations, registry
from scripts import catalogues
from tests.crm_admin.test_cli import crm as command
from tests.installation import settings
from tests.people import Person, populate

ROOT = Path(__file__).parents[2]
LANGUAGES = ("vi", "zh")

# The English word is meant otherwise here than in the glossary.
OTHERWISE = {
    "Account: %(name)s",
    "Agent desk",
    "Best case",
    "Call status changes",
    "Field rep",
    "Job title",
    "Last contact",
    "Open pipeline",
    "The first contact",
    "User name",
    "View as",
}

# Of three letters or more: initials of people have two.
LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]{3,}")

PAGES = (
    "/",
    "/profile",
    "/search?q=ACME",
    "/search?q=qqqq",
    "/roles/",
    "/roles/{role}/",
    "/roles/{role}/account/",
    "/jobs/",
    "/no/such/page",
    "/admin/account/",
    "/admin/account/?q=qqqq",
    "/admin/account/new/",
    "/admin/account/bin/",
    "/admin/account/import/",
    "/admin/account/{account}/",
    "/admin/account/{account}/panels/",
    "/admin/account/{account}/edit/",
    "/admin/account/{account}/audit/",
    "/admin/contact/new/",
    "/admin/lead/new/",
    "/leads/{lead}/convert",
    "/admin/opportunity/board/",
    "/admin/opportunity/{opportunity}/",
    "/admin/task/new/",
    "/admin/role/",
    "/admin/user/new/",
    "/admin/queue/new/",
    "/admin/phone_line/new/",
    "/admin/calling_rule/new/",
    "/call-center/",
    "/admin/call/",
    "/call-center/setup/",
    "/call-center/texts/new/",
)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """The application reads the compiled form, which a test run without make would find out of date."""
    catalogues.compile_all(ROOT)


# ── the catalogues ──────────────────────────────────────────────────────────────────────────────────
def test_every_string_is_translated_and_keeps_its_placeholders() -> None:
    """Run `make translations` after adding a string, and translate it (docs/translating.md)."""
    assert catalogues.problems(ROOT) == []


def test_every_language_offered_has_its_catalogue() -> None:
    written = {source.parent.parent.name for source in catalogues.sources(ROOT)}
    assert written == {i18n.catalogue(code) for code in i18n.LANGUAGES} - {"en"}


@pytest.mark.parametrize(("language", "column"), [("vi", 1), ("zh", 2)])
def test_one_thing_has_one_name(language: str, column: int) -> None:
    """The terms of docs/translating.md, in every label that is such a term or has it as a word."""
    astray = []
    for row in _glossary():
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, row[0].split(' / ')))})\b", re.IGNORECASE)
        for text, translated in _labels(language):
            said = word.search(catalogues.PLACEHOLDER.sub("", text)) and text not in OTHERWISE
            if said and row[column].lower() not in translated.lower():
                astray.append((text, translated, row[column]))
    assert astray == []


def _glossary() -> list[list[str]]:
    page = (ROOT / "docs" / "translating.md").read_text("utf-8")
    table = page.split("## Glossary", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "|" in line
    ]
    assert len(rows) > 20
    return rows[2:]


def _labels(language: str) -> Iterator[tuple[str, str]]:
    """Short strings that name something; sentences may say it with other words."""
    for message in _catalogue(language):
        text = catalogues.forms(message.id)[-1]
        if text and len(text.split()) <= 3 and text[-1] not in ".?…" and message.context is None:
            yield text, catalogues.forms(message.string)[0]


@cache
def _catalogue(language: str) -> Catalog:
    return catalogues.read(_source(language))


def _source(language: str) -> Path:
    return ROOT / "crm_admin" / "translations" / i18n.catalogue(language) / "LC_MESSAGES" / "messages.po"


# ── the pages ───────────────────────────────────────────────────────────────────────────────────────
class Office:
    """A company of one language, where everybody reads that language."""

    def __init__(self, app: Flask, language: str) -> None:
        self.app, self.language = app, language
        user = registry.entity("user").model
        user.update(language=language).execute()
        self.admin = Person(app, "admin")
        account = self.admin.owns("account", name="ACME", industry="retail", type="supplier")
        stage = registry.entity("stage").model.select().first()
        made = self.admin.post(
            "/admin/opportunity/new/",
            {
                "name": "DEAL",
                "account": account.id,
                "pipeline": stage.pipeline,
                "stage": stage.id,
                "amount": "1234567",
                "close_date": "2026-11-21",
            },
        )
        self.ids = {
            "account": account.id,
            "lead": self.admin.owns("lead", family_name="ACME", company_name="DEAL").id,
            "opportunity": int(made.location.rstrip("/").rsplit("/", 1)[1]),
            "role": self.role("viewer"),
        }

    def role(self, key: str) -> int:
        role = registry.entity("role").model
        return int(role.get(role.key == key).id)


@pytest.fixture(scope="module", params=LANGUAGES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp(request.param)
    own = {"company.language": request.param}
    made = config.changed(settings(f"sqlite:///{folder / 'crm.sqlite3'}", folder), own)
    db.connect_to(made)
    with ExitStack() as open_now:
        open_now.callback(db.disconnect)
        open_now.enter_context(db.connection())
        migrations.Runner(made).up()
        app = application.create_app(made)
        open_now.enter_context(db.connection())
        with app.app_context():
            populate(made)
        app.testing = True
        app.config["PROPAGATE_EXCEPTIONS"] = False
        yield Office(app, request.param)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_english_left(office: Office, path: str) -> None:
    shown = office.admin.get(path.format(**office.ids)).text
    assert _english(shown, office.language) == []
    assert _unwrapped(shown, office) == []


def test_the_sign_in_page_speaks_the_language_of_a_strangers_choice(office: Office) -> None:
    stranger = Person(office.app, None)
    page = stranger.get(f"/login?language={office.language}").text
    assert _english(page, office.language) == []
    assert f'<html lang="{ {"vi": "vi", "zh": "zh-Hans"}[office.language] }"' in page
    refused = stranger.post("/login", {"username": "office", "password": "wrong"})
    assert {"vi": "Tên đăng nhập hoặc mật khẩu không đúng.", "zh": "用户名或密码不正确。"}[
        office.language
    ] in refused.text


def test_a_refused_form_says_why_in_the_readers_language(office: Office) -> None:
    answer = office.admin.post("/admin/account/new/", {"name": "", "email": "no", "website": "ftp://x"})
    assert answer.status_code == 422
    assert _english(answer.text, office.language) == []
    assert {"vi": "Vui lòng nhập mục này.", "zh": "此项为必填项。"}[office.language] in answer.text


def test_an_import_speaks_the_readers_language_at_every_step(office: Office) -> None:
    file = (BytesIO(b"DEAL,qqqq\nACME,not a number\n"), "ACME.csv")
    page = office.admin.post("/admin/account/import/", {"file": file}, follow_redirects=True)
    assert "/columns/" in page.request.path
    assert _english(page.text, office.language) == []
    columns = {
        "column-0": "name",
        "column-1": "employees",
        "match": "",
        "mode": "both",
        "language": office.language,
    }
    preview = office.admin.post(page.request.path, columns, follow_redirects=True)
    assert "/preview/" in preview.request.path
    assert _english(preview.text, office.language) == []
    assert {"vi": "Số không hợp lệ.", "zh": "数字无效"}[office.language] in preview.text


def test_the_words_of_the_forms_library_are_ours(office: Office) -> None:
    """WTForms knows no Vietnamese."""
    answer = office.admin.post("/profile/settings", {"language": "xx", "timezone": "UTC", "theme": "auto"})
    assert answer.status_code == 422
    assert {"vi": "Lựa chọn không hợp lệ.", "zh": "选项无效。"}[office.language] in answer.text


def test_names_are_filled_in_in_the_readers_order(office: Office) -> None:
    for path in ("/admin/contact/new/", "/admin/lead/new/", "/admin/user/new/"):
        assert _name_parts(office.admin.get(path).text) == ["family_name", "middle_name", "given_name"]


def test_english_readers_fill_in_the_given_name_first(sqlite_crm: Flask) -> None:
    admin = Person(sqlite_crm, "admin")
    for path in ("/admin/contact/new/", "/admin/lead/new/", "/admin/user/new/"):
        assert _name_parts(admin.get(path).text) == ["given_name", "middle_name", "family_name"]


def _name_parts(page: str) -> list[str]:
    return re.findall(r'name="((?:family|middle|given)_name)"', page)


def test_days_moments_and_money_are_written_as_in_the_language(office: Office) -> None:
    page = office.admin.get("/admin/opportunity/").text
    record = office.admin.get(f"/admin/opportunity/{office.ids['opportunity']}/").text
    day, money = {"vi": ("21/11/2026", "1.234.567\xa0₫"), "zh": ("2026年11月21日", "₫1,234,567")}[
        office.language
    ]
    for shown in (page, record):
        assert day in shown
        assert money in shown
    moment = {"vi": r">\d\d:\d\d \d\d/\d\d/\d{4}<", "zh": r">\d{4}/\d\d?/\d\d? \d\d:\d\d<"}[office.language]
    assert re.search(moment, office.admin.get(f"/admin/account/{office.ids['account']}/audit/").text)


# ── the switch, the first rows ──────────────────────────────────────────────────────────────────────
def test_the_switch_changes_the_language_and_keeps_the_page_and_the_session(sqlite_crm: Flask) -> None:
    person = Person(sqlite_crm, "office")
    where = "/admin/account/?q=caf%C3%A9"
    english = person.get(where).text
    assert '<html lang="en"' in english
    assert {"Home", "Search in %(plural)s"} <= set(_english(english, "vi"))
    for language, tag, home in (("vi", "vi", "Trang chủ"), ("zh", "zh-Hans", "首页"), ("en", "en", "Home")):
        answer = person.post("/profile/language", {"language": language, "next": where})
        assert (answer.status_code, answer.location) == (303, where)
        page = person.get(where)
        assert page.status_code == 200
        assert f'<html lang="{tag}"' in page.text
        assert home in _shown(page.text)
        assert person.row.language == language


@pytest.mark.parametrize("first", [("init",), ("seed", "--contacts", "1")])
def test_a_new_installation_is_in_the_companys_language(tmp_path: Path, first: tuple[str, ...]) -> None:
    given = {"environment": "test", "data_dir": str(tmp_path), "company.language": "vi"}
    options = [part for key, value in given.items() for part in ("--set", f'{key}="{value}"')]
    for arguments in (("migrate", "up"), first, ("export", "stage", "--format", "jsonl")):
        done = command(*arguments, *options)
        assert done.returncode == 0, done.stderr
    assert "Thẩm định" in done.stdout


def _english(page: str, language: str) -> list[str]:
    """What is shown of the English source although its translation is another text."""
    texts = _shown(page)
    whole = " \n ".join(texts)
    return [
        text
        for text, pieces in _source_texts(language)
        if text in texts
        or (pieces and all(re.search(rf"(?<!\w){re.escape(p)}(?!\w)", whole) for p in pieces))
    ]


@cache
def _source_texts(language: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each source text that differs from its translation, and its parts of two words or more around placeholders."""
    found = []
    for message in _catalogue(language):
        for text in catalogues.forms(message.id):
            if text and text != catalogues.forms(message.string)[0]:
                parts = (part.strip(" .,:“”?") for part in re.split(r"%\(\w+\)s", text))
                pieces = tuple(part for part in parts if " " in part)
                found.append((text, pieces))
    return found


def _unwrapped(page: str, office: Office) -> list[str]:
    """Latin words of a Chinese page that are no name, code or identifier: strings nobody offered for translation."""
    if office.language != "zh":
        return []
    meant = {"ACME", "DEAL", "CSV", "Excel", "xlsx", "JSON", "lines", "UTF", "ISO", "VND", "API", "Windows"}
    meant |= {"English", "Tiếng", "Việt", "Sao", "Mai", "Enter", "Esc", "https", "qqqq", "Werkzeug"}
    meant |= {"PQRS", "WXYZ"}  # the keys of a telephone
    for key, columns in (("user", ("name", "username")), ("team", ("name",)), ("role", ("key",))):
        for row in registry.entity(key).model.select():
            meant |= {word for column in columns for word in LATIN_WORD.findall(getattr(row, column))}
    return sorted({word for text in _shown(page) for word in LATIN_WORD.findall(text)} - meant)


def _shown(page: str) -> list[str]:
    reader = _Shown()
    reader.feed(page)
    return reader.texts


class _Shown(HTMLParser):
    """The texts of a page that somebody sees or hears, one by one; identifiers in select boxes and code left out."""

    UNSEEN = frozenset({"script", "style", "code", "kbd"})
    SPOKEN = ("title", "aria-label", "placeholder", "alt", "data-confirm", "data-question")
    IDENTIFIER = re.compile(r"[A-Z]{3}|UTC|(?:[A-Z]\w+/)[\w/ -]+|[\w.]+/[\d.]+")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.UNSEEN:
            self._inside.append(tag)
        given = dict(attrs)
        self.texts += [text for name in self.SPOKEN if (text := given.get(name))]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.UNSEEN:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self._inside and not self.IDENTIFIER.fullmatch(text):
            self.texts.append(text)
