"""What the list is measured beside: a bare Flask page of one select, and Django's admin, on the same tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pysqlite3
from flask import Flask, render_template_string

from crm_admin.config import Config
from tests.bench.backends import Backends
from tests.bench.pages import FIRST_PAGE
from tests.bench.stand import Prepared

ROWS = (
    "SELECT c.id, c.name, a.name, u.name, c.email, c.phone FROM contact c LEFT JOIN account a ON a.id = c.account "
    'LEFT JOIN "user" u ON u.id = c.owner WHERE c.deleted_at IS NULL ORDER BY c.name_fold, c.id LIMIT 50'
)
PAGE = (
    "<!doctype html><title>Contacts</title><table>{% for row in rows %}<tr>{% for cell in row %}"
    "<td>{{ cell or '' }}</td>{% endfor %}</tr>{% endfor %}</table>"
)


def bare(config: Config) -> Prepared:
    """One select and one template: what Flask and the database take by themselves."""
    app, connection = Flask("bare"), _connect(config)

    @app.get("/")
    def contacts() -> str:
        return render_template_string(PAGE, rows=connection.execute(ROWS).fetchall())

    client = app.test_client()

    def ask() -> tuple[int, int]:
        answer = client.get("/")
        return answer.status_code, len(answer.data)

    return Prepared({FIRST_PAGE: ask}, lambda _ask: 1, Backends(config).busy_s)


def _connect(config: Config) -> Any:
    if config.is_sqlite:
        return pysqlite3.connect(config.database_url.removeprefix("sqlite:///"))
    return psycopg.connect(config.database_url)


def django_admin(config: Config, count_all: bool) -> Prepared:
    """Django's change list: the same columns and order, related names by one join, 50 rows.

    `count_all` is its default, `show_full_result_count`: it counts the whole table for every page.
    """
    import django  # noqa: PLC0415 — its settings come first
    from django.conf import settings  # noqa: PLC0415 — as above

    settings.configure(
        SECRET_KEY="bench",
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="tests.bench.django_site",
        DATABASES={"default": _django_database(config)},
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages", "sessions")),
            "tests.bench",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "tests.bench.django_site.as_superuser",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        # The CRM's database has none of Django's tables.
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        STATIC_URL="/static/",
        USE_TZ=False,
    )
    django.setup()
    from django.db import connection  # noqa: PLC0415 — after setup
    from django.test import Client  # noqa: PLC0415 — after setup
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 — after setup

    from tests.bench import django_site  # noqa: PLC0415 — declares models, so after setup

    django_site.offer(count_all)
    client = Client()

    def ask() -> tuple[int, int]:
        answer = client.get("/admin/bench/contact/")
        return answer.status_code, len(answer.content)

    def queries(asked: Callable[[], tuple[int, int]]) -> int:
        with CaptureQueriesContext(connection) as captured:
            asked()
        return len(captured)

    return Prepared({FIRST_PAGE: ask}, queries, Backends(config).busy_s)


def _django_database(config: Config) -> dict[str, Any]:
    if config.is_sqlite:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": config.database_url.removeprefix("sqlite:///"),
        }
    parts = urlsplit(config.database_url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
    }
