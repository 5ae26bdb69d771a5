"""The application: the core first, then each module that the configuration names."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from flask import Flask, g, request
from flask_admin import Admin
from flask_admin.theme import BootstrapTheme
from flask_babel import Babel
from jinja2 import FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from crm_admin import api, audit, auth, db, entities, files, log, policy
from crm_admin.config import Config, ConfigError, own_secret_key, unsafe
from crm_admin.i18n import catalogue
from crm_admin.push import watching
from crm_admin.views import (
    compression,
    convert_page,
    errors,
    jobs_page,
    operations,
    pages,
    password_link_page,
    roles_page,
    shell,
    stage_card,
)
from crm_admin.views.dispatcher import Dispatcher
from crm_admin.views.import_page import blueprint as imports

PACKAGE = Path(str(package_files("crm_admin")))


def create_app(config: Config) -> Flask:
    """The web application of one installation. Raises ConfigError for settings that are wrong or unsafe."""
    config = own_secret_key(config, create=config.environment != "production")
    refused = unsafe(config)
    if refused:
        raise refused[0]
    db.connect_to(config)
    policy.forget()
    files.keep_in(config.data / "files")
    entities.load()
    app = Flask("crm_admin", static_folder=str(PACKAGE / "static"), static_url_path="/static")
    app.jinja_loader = FileSystemLoader(str(templates()))
    app.config["MAX_CONTENT_LENGTH"] = config.web.max_body_mb * 1024 * 1024
    app.config["MAX_FORM_PARTS"] = 2000
    app.config["MAX_FORM_MEMORY_SIZE"] = 4 * 1024 * 1024
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if config.web.proxies:
        hops = config.web.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _connect_per_request(app)
    log.install(app)
    Babel(
        app,
        default_translation_directories=str(PACKAGE / "translations"),
        locale_selector=lambda: catalogue(auth.current_language()),
        timezone_selector=auth.current_timezone,
    )
    auth.install(app, config)
    _note_origin(app)
    shell.install(app, config, PACKAGE / "static")
    errors.install(app)
    compression.install(app)
    for blueprint in (
        operations.blueprint,
        pages.blueprint,
        roles_page.blueprint,
        jobs_page.blueprint,
        convert_page.blueprint,
        password_link_page.blueprint,
        imports,
    ):
        app.register_blueprint(blueprint)
    stage_card.install()
    watching.install()
    _admin(app)
    for name in config.modules.enabled:
        load_module(app, name)
    # Last: a module may have addresses of its own among the API's.
    app.register_blueprint(api.blueprint)
    return app


def templates() -> Path:
    """The templates: inside an installed wheel, or beside the package in a checkout."""
    packed = PACKAGE / "_templates"
    return packed if packed.is_dir() else PACKAGE.parent / "templates"


def load_module(app: Flask, name: str) -> None:
    """Let a module join: its `register(app)` may add entities, pages, panels, jobs and subscriptions."""
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError("modules.enabled", f"no such module: {name}", "remove it or install it") from error
    module.register(app)


def _admin(app: Flask) -> None:
    admin = Admin(
        name="CRM",
        url="/admin",
        theme=BootstrapTheme(folder="bootstrap4", base_template="layout.html"),
        csp_nonce_generator=auth.csp_nonce,
    )
    admin.add_view(Dispatcher())
    admin.init_app(app)


def _connect_per_request(app: Flask) -> None:
    """A connection for every request, but for doors that must answer when there is none to be had.

    Such a door opens its own; a module adds its blueprint's name to `app.extensions["crm.connects_itself"]`.
    """
    doors = app.extensions.setdefault("crm.connects_itself", {"operations"})

    @app.before_request
    def connect() -> None:
        if request.endpoint != "static" and request.blueprint not in doors:
            db.database.connect(reuse_if_open=True)

    @app.teardown_request
    def close(error: BaseException | None) -> None:
        if not app.testing and not db.database.is_closed():
            db.database.close()


def _note_origin(app: Flask) -> None:
    """Writes of this request are noted as coming from its surface, address and id."""

    @app.before_request
    def note() -> None:
        source = "api" if request.path.startswith("/api/") else "screen"
        where = audit.Origin(source, request.remote_addr, log.request_id())
        g.origin = audit.coming_from(where)
        g.origin.__enter__()

    @app.teardown_request
    def forget(error: BaseException | None) -> Any:
        held = g.pop("origin", None)
        if held is not None:
            held.__exit__(None, None, None)
