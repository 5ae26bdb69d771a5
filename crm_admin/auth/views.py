"""The pages of signing in and out, and the profile page."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import session as page_session
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Form

from crm_admin.auth import accounts, devices, passwords, sessions, throttle, tokens
from crm_admin.auth.events import tell
from crm_admin.auth.forms import (
    PREFERENCES,
    READ_ONLY,
    ChangePasswordForm,
    LoginForm,
    NewPasswordForm,
    SettingsForm,
    TokenForm,
)
from crm_admin.auth.identity import cookie_name, public
from crm_admin.auth.problems import problem, wants_data
from crm_admin.auth.redirects import safe_target
from crm_admin.config import Config
from crm_admin.i18n import gettext

BUSY_RETRY_S = 2

blueprint = Blueprint("auth", __name__)


# ── in and out ──────────────────────────────────────────────────────────────────────────────────────
@blueprint.get("/login")
@public
def login() -> AnyResponse:
    """The sign-in page; who is signed in already goes on to where they wanted to go."""
    if g.user is not None:
        return _back()
    return _login_page(LoginForm())


@blueprint.post("/login", endpoint="sign_in")
@public
def sign_in() -> AnyResponse:
    """Check name and password; the answer to a wrong name and to a wrong password is the same in all respects."""
    if g.user is not None:
        return _back()
    form = LoginForm(request.form)
    if not form.validate():
        return _login_page(form, status=422)
    config = _config()
    user = accounts.by_username(form.username.data)
    device = devices.read(request.cookies.get(cookie_name(config, "crm_device")), config.secret_key)
    limits = throttle.sign_in_limits(
        config.security,
        accounts.username_of(form.username.data),
        request.remote_addr,
        device.id if user is not None and device.knows(user.id) else None,
    )
    try:
        attempt = throttle.take(limits)
    except throttle.Throttled as error:
        tell("throttled", user_id=user.id if user else None, retry_s=error.retry_s)
        return _wait_page(429, error.retry_s)
    try:
        right = passwords.matches(user.password_hash if user else None, form.password.data)
    except passwords.Busy:
        throttle.take_back(attempt)
        return _wait_page(503, BUSY_RETRY_S)
    if user is None or not right or not accounts.may_sign_in(user):
        tell("sign_in_failed", user_id=user.id if user else None)
        form.password.errors = [gettext("User name and password do not match.")]
        return _login_page(form, status=401)
    throttle.forgive(attempt, limits)
    accounts.renew_hash(user, form.password.data)
    return _signed_in(user, device)


@blueprint.get("/logout")
@public
def leave() -> AnyResponse | str:
    """Ask before signing out: an address alone, however it was opened, changes nothing."""
    return render_template("auth/logout.html") if g.user is not None else redirect("/login")


@blueprint.post("/logout")
def logout() -> AnyResponse:
    sessions.end(g.user.id, g.session.id)
    tell("signed_out", user_id=g.user.id)
    page_session.clear()
    response = redirect("/login", 303)
    config = _config()
    response.delete_cookie(
        cookie_name(config, "crm_session"), path="/", secure=config.https, httponly=True, samesite="Lax"
    )
    return response


@blueprint.get("/password/<signed>")
@public
def choose_password(signed: str) -> AnyResponse:
    """The page behind a one-time link. Opening it uses nothing up: mail programs open links too."""
    user = accounts.of_link(signed, _config())
    return _link_page(user, NewPasswordForm()) if user else _dead_link()


@blueprint.post("/password/<signed>")
@public
def set_chosen_password(signed: str) -> AnyResponse:
    """Set the password, end all sessions of the person, sign this browser in."""
    user = accounts.of_link(signed, _config())
    if user is None:
        return _dead_link()
    form = NewPasswordForm(request.form)
    if not form.validate() or not _set_password(form, user):
        return _link_page(user, form, 422)
    config = _config()
    device = devices.read(request.cookies.get(cookie_name(config, "crm_device")), config.secret_key)
    return _signed_in(user, device)


# ── the profile page ────────────────────────────────────────────────────────────────────────────────
@blueprint.get("/profile")
def profile() -> AnyResponse:
    return _profile_page()


@blueprint.post("/profile/settings")
def save_settings() -> AnyResponse:
    form = SettingsForm(request.form)
    if not form.validate():
        return _profile_page(settings=form, status=422)
    accounts.set_preferences(g.user.id, {key: form[key].data for key in PREFERENCES})
    flash(gettext("Saved"), "success")
    return redirect("/profile", 303)


@blueprint.post("/profile/language")
def switch_language() -> AnyResponse:
    """The switch in the top bar: same page, other language."""
    return _switch("language")


@blueprint.post("/profile/theme")
def switch_theme() -> AnyResponse:
    """The switch in the top bar; a script that has switched already gets an empty answer."""
    return _switch("theme")


@blueprint.post("/profile/password")
def change_password() -> AnyResponse:
    """A new password for who knows the present one; all other sessions end."""
    form = ChangePasswordForm(request.form)
    if not form.validate():
        return _profile_page(password=form, status=422)
    try:
        known = _knows_password(form.current.data)
    except throttle.Throttled as error:
        tell("throttled", user_id=g.user.id, retry_s=error.retry_s)
        form.current.errors = [
            gettext("Too many wrong tries. Wait %(count)s minutes.", count=-(-error.retry_s // 60))
        ]
        return _profile_page(password=form, status=429, retry_s=error.retry_s)
    except passwords.Busy:
        form.current.errors = [_busy_text()]
        return _profile_page(password=form, status=503, retry_s=BUSY_RETRY_S)
    if not known:
        form.current.errors = [gettext("This is not your present password.")]
        return _profile_page(password=form, status=422)
    if not _set_password(form, g.user, keep_session=g.session.id):
        return _profile_page(password=form, status=422)
    flash(gettext("Your password is changed. All other devices are signed out."), "success")
    return redirect("/profile", 303)


@blueprint.post("/profile/sessions/<int:number>/end")
def end_session(number: int) -> AnyResponse:
    if not sessions.end(g.user.id, number):
        abort(404)
    tell("session_ended", user_id=g.user.id)
    flash(gettext("That device is signed out."), "success")
    return redirect("/profile", 303)


@blueprint.post("/profile/sessions/end-others")
def end_other_sessions() -> AnyResponse:
    sessions.end_all(g.user.id, but=g.session.id)
    tell("session_ended", user_id=g.user.id)
    flash(gettext("All other devices are signed out."), "success")
    return redirect("/profile", 303)


# ── tokens for programs ─────────────────────────────────────────────────────────────────────────────
@blueprint.post("/profile/tokens")
def add_token() -> AnyResponse:
    """Make a token. Its text is in this answer and nowhere else, so this is no redirect."""
    form = TokenForm(request.form)
    if not form.validate():
        return _profile_page(token=form, status=422)
    scopes = [READ_ONLY] if form.access.data == READ_ONLY else []
    token, text = tokens.mint(g.user.id, name=form.name.data, scopes=scopes, days=form.days.data)
    return _page("auth/token.html", token=token, text=text)


@blueprint.post("/profile/tokens/<int:number>/revoke")
def revoke_token(number: int) -> AnyResponse:
    """End a token of one's own; an administrator anybody's."""
    if not tokens.revoke(number, owner=None if g.actor.is_administrator else g.user.id):
        abort(404)
    flash(gettext("The token is revoked."), "success")
    return redirect(safe_target(request.form.get("next"), "/profile"), 303)


@blueprint.get("/profile/tokens/everyone")
def all_tokens() -> AnyResponse:
    """Every live token, for administrators."""
    if not g.actor.is_administrator:
        abort(404)
    return _page("auth/tokens.html", tokens=list(tokens.live()))


# ── shared steps ────────────────────────────────────────────────────────────────────────────────────
def expired(error: CSRFError) -> AnyResponse:
    """The answer to a form of another session, or of one that has ended: nothing was changed."""
    tell("forged_or_expired_form", user_id=g.user.id if g.get("user") else None, reason=error.description)
    if wants_data():
        title = gettext("This page is out of date")
        return problem(400, title, gettext("Nothing was changed. Reload the page and try again."))
    return _page("auth/expired.html", 400)


def _signed_in(user: Any, device: devices.Device) -> AnyResponse:
    """A fresh session for this browser; whatever it carried before is worth nothing now."""
    config = _config()
    _, token = sessions.start(
        user, config.security, ip=request.remote_addr or "", agent=request.headers.get("User-Agent", "")
    )
    page_session.clear()
    tell("signed_in", user_id=user.id)
    response = _back()
    options: dict[str, Any] = {"secure": config.https, "httponly": True, "samesite": "Lax", "path": "/"}
    response.set_cookie(
        cookie_name(config, "crm_session"), token, max_age=config.security.session_days * 86_400, **options
    )
    known = devices.write(device.remembering(user.id), config.secret_key)
    response.set_cookie(cookie_name(config, "crm_device"), known, max_age=devices.MAX_AGE_S, **options)
    return response


def _back() -> AnyResponse:
    """On to `next`, never off this server and never round in a circle."""
    target = safe_target(request.values.get("next"))
    return redirect("/" if target.startswith(("/login", "/logout", "/password/")) else target, 303)


def _switch(key: str) -> AnyResponse:
    form = SettingsForm(request.form)
    if not form[key].validate(form):
        abort(400)
    accounts.set_preferences(g.user.id, {key: form[key].data})
    if wants_data():
        return Response(status=204)
    return redirect(safe_target(request.form.get("next")), 303)


def _knows_password(typed: str) -> bool:
    """Whether this is the password of who is signed in. Raises Throttled, Busy."""
    limits = throttle.session_limits(_config().security, g.session.id)
    attempt = throttle.take(limits)
    try:
        known = passwords.matches(accounts.hash_of(g.user.id), typed)
    except passwords.Busy:
        throttle.take_back(attempt)
        raise
    if known:
        throttle.forgive(attempt, limits)
    return known


def _set_password(form: NewPasswordForm, user: Any, keep_session: int | None = None) -> bool:
    """Set the password of a valid form; False, with the reason on the form, when it will not do."""
    config = _config()
    about = (user.username, user.name or "", (user.email or "").partition("@")[0], config.company.name)
    try:
        passwords.refuse_weak(form.new.data, least=config.security.password_min_length, about=about)
        accounts.set_password(user.id, form.new.data, by=accounts.acting(user), keep_session=keep_session)
    except passwords.Weak as error:
        form.new.errors = [str(error)]
    except passwords.Busy:
        form.new.errors = [_busy_text()]
    else:
        return True
    return False


def _login_page(form: LoginForm, status: int = 200, note: str = "") -> AnyResponse:
    return _page(
        "auth/login.html",
        status,
        form=form,
        note=note,
        next=safe_target(request.values.get("next"), ""),
        first_run=request.method == "GET" and accounts.nobody_yet(),
    )


def _wait_page(status: int, retry_s: int) -> AnyResponse:
    """Too many tries (429), or too many people at this moment (503)."""
    if status == 429:
        note = gettext("Too many tries. Wait %(count)s minutes, then try again.", count=-(-retry_s // 60))
    else:
        note = _busy_text()
    if wants_data():
        response: AnyResponse = problem(status, gettext("A moment, please"), note)
    else:
        response = _login_page(LoginForm(username=request.form.get("username", "")[:200]), status, note)
    response.headers["Retry-After"] = str(retry_s)
    return response


def _link_page(user: Any, form: NewPasswordForm, status: int = 200) -> AnyResponse:
    return _page(
        "auth/password.html", status, form=form, person=user, least=_config().security.password_min_length
    )


def _dead_link() -> AnyResponse:
    return _page("auth/dead_link.html", 404)


def _profile_page(
    status: int = 200,
    *,
    settings: Form | None = None,
    password: Form | None = None,
    token: Form | None = None,
    retry_s: int = 0,
) -> AnyResponse:
    config = _config()
    chosen = {"language": g.language, "timezone": g.timezone, "theme": g.user.theme or "auto"}
    response = _page(
        "auth/profile.html",
        status,
        settings=settings or SettingsForm(data=chosen),
        password=password or ChangePasswordForm(),
        token_form=token or TokenForm(),
        least=config.security.password_min_length,
        sessions=sessions.of_person(g.user.id, config.security),
        tokens=tokens.of_person(g.user.id),
    )
    if retry_s:
        response.headers["Retry-After"] = str(retry_s)
    return response


def _page(template: str, status: int = 200, **values: Any) -> AnyResponse:
    return make_response(render_template(template, **values), status)


def _busy_text() -> str:
    return gettext("Many people are signing in at this moment. Try again.")


def _config() -> Config:
    config: Config = current_app.extensions["crm"]
    return config
