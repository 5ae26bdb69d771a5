"""Who is asking: one query at the start of a request, then everything else asks `g`.

`g.session`, `g.user` (None for a stranger), `g.actor`, `g.language` and `g.timezone` are there in every request;
`g.policy_version` and `g.schema_version` when somebody is signed in.
"""

from __future__ import annotations

import hmac
from typing import Any, TypeVar
from weakref import WeakSet

from flask import Flask, Response, current_app, g, has_request_context, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from crm_admin import policy
from crm_admin.auth import sessions, tokens
from crm_admin.auth.events import tell
from crm_admin.auth.headers import is_static
from crm_admin.auth.problems import problem, wants_data
from crm_admin.auth.redirects import safe_target
from crm_admin.config import Config
from crm_admin.i18n import LANGUAGES, gettext

LANGUAGE_COOKIE = "language"
YEAR_S = 31_536_000

View = TypeVar("View")

# Views and blueprints, not names: a name can be taken by another view.
_public: WeakSet[Any] = WeakSet()
_doors: WeakSet[Any] = WeakSet()


class CurrentUser(UserMixin):
    """The signed-in person as Flask-Login and Flask-Admin want to see them; attributes are those of the row."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def public(view: View) -> View:
    """Let everybody in to this view or blueprint. Usable as decorator; put it nearest to the function."""
    _public.add(view)
    return view


def exempt(view: View) -> View:
    """Make this view or blueprint a door for programs: open to everybody, no session is looked at, no CSRF asked.

    Because a cookie has no effect behind such a door, a request forged in somebody's browser has none either.
    """
    _doors.add(view)
    return view


def install(app: Flask, config: Config) -> None:
    """Identify, refuse strangers, then check CSRF: in this order before every view."""
    login = LoginManager()
    login.session_protection = None
    login.request_loader(lambda _request: CurrentUser(g.user) if g.get("user") is not None else None)
    login.init_app(app)
    # protect() is called below: strangers must hear "sign in", not "your form is too old".
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=config.security.session_days * 86_400)
    csrf = CSRFProtect(app)

    def admit() -> AnyResponse | None:
        _identify(config)
        if is_door() or is_static() or request.endpoint is None:
            return None
        if g.user is None and not _is_among(_public):
            return sign_in_first()
        if not _is_needless_sign_in():
            csrf.protect()
        return None

    app.before_request(admit)
    app.after_request(_keep_language)
    app.after_request(_tell_denied)


def identify_program() -> policy.Actor | None:
    """The actor of the `Authorization` header, now also in `g` as a session's would be; None without a live token.

    For doors: call it in the blueprint's `before_request` and answer 401 to None.
    """
    found = tokens.authenticate(request.headers.get("Authorization"))
    if found is None:
        return None
    person, scopes = found
    _become(person, person.policy_version, person.schema_version, scopes)
    actor: policy.Actor = g.actor
    return actor


def current_language() -> str:
    """Code of the language to answer in: the person's own, else what the browser asked for, else the company's."""
    if not has_request_context():
        return str(_config().company.language)
    if "language" not in g:
        g.language = _asked_language()
    return str(g.language)


def current_timezone() -> str:
    """IANA name of the time zone to show times in: the person's own, else the company's."""
    if has_request_context() and "timezone" in g:
        return str(g.timezone)
    return str(_config().company.timezone)


def is_door() -> bool:
    """Whether this request came to a door for programs."""
    return _is_among(_doors)


def sign_in_first() -> AnyResponse:
    """The answer to a stranger: the sign-in page for a page, 401 for a script or program."""
    if wants_data():
        return problem(401, gettext("Sign in"), gettext("You are signed out. Sign in again."))
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(
        url_for("auth.login", next=safe_target(target) if target not in (None, "/") else None), 302
    )


def cookie_name(config: Config, name: str) -> str:
    """A cookie's name; behind TLS with the prefix that keeps neighbouring hosts from setting it."""
    return f"__Host-{name}" if config.https else name


def _identify(config: Config) -> None:
    g.session = g.user = None
    g.actor = policy.NOBODY
    g.language, g.timezone = _asked_language(), config.company.timezone
    if is_static() or is_door():
        return
    cookie = request.cookies.get(cookie_name(config, "crm_session"))
    found = sessions.find(cookie, config.security) if cookie else None
    if cookie is None or found is None:
        return
    g.session = found.session
    _become(found.user, found.policy_version, found.schema_version, None)
    _bind_csrf(cookie, config)
    sessions.note_seen(found.session)


def _become(person: Any, policy_version: int, schema_version: int, scopes: list[str] | None) -> None:
    company = _config().company
    g.user = person
    g.actor = policy.actor(person, policy_version, scopes)
    g.policy_version, g.schema_version = policy_version, schema_version
    g.language = person.language if person.language in LANGUAGES else company.language
    g.timezone = person.timezone or company.timezone


def _bind_csrf(token: str, config: Config) -> None:
    """Derive the CSRF seed from the session: it dies with the session, and a planted cookie cannot choose it."""
    seed = hmac.new(config.secret_key.encode(), f"csrf:{token}".encode(), "sha256").hexdigest()
    if session.get("csrf_token") != seed:
        session["csrf_token"] = seed


def _is_among(marked: WeakSet[Any]) -> bool:
    if request.endpoint is None:
        return False
    view = current_app.view_functions.get(request.endpoint)
    blueprints = (current_app.blueprints.get(name) for name in request.blueprints)
    return view in marked or any(blueprint in marked for blueprint in blueprints)


def _is_needless_sign_in() -> bool:
    """A sign-in form left open in another tab: nothing is going to change, so its age does not matter."""
    return request.endpoint == "auth.sign_in" and g.user is not None


def _asked_language() -> str:
    wanted = request.args.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    if wanted in LANGUAGES:
        return wanted
    best = request.accept_languages.best_match(list(LANGUAGES))
    return best or str(_config().company.language)


def _keep_language(response: Response) -> Response:
    """A stranger's choice of language outlives the page."""
    chosen = request.args.get("language")
    if chosen in LANGUAGES and g.get("user") is None and not is_static() and not is_door():
        config = _config()
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=YEAR_S,
            secure=config.https,
            httponly=True,
            samesite="Lax",
            path="/",
        )
    return response


def _tell_denied(response: Response) -> Response:
    if response.status_code == 403:
        rule = request.url_rule.rule if request.url_rule else "(none)"
        tell("denied", user_id=g.actor.id if "actor" in g else None, route=rule, method=request.method)
    return response


def _config() -> Config:
    config: Config = current_app.extensions["crm"]
    return config
