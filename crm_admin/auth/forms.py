"""The forms of signing in and of the profile page."""

from __future__ import annotations

from typing import Any

from flask_babel import get_domain
from wtforms import Form, PasswordField, SelectChoice, SelectField, StringField, ValidationError

from crm_admin.auth.tokens import NAME_LENGTH
from crm_admin.entities.user import USER
from crm_admin.i18n import gettext, lazy_gettext

PREFERENCES = ("language", "timezone", "theme")
TOKEN_DAYS = (30, 90, 365)
READ_ONLY = "read"


def given(form: Form, field: Any) -> None:
    """Validator: something was entered."""
    if not field.data or not str(field.data).strip():
        raise ValidationError(gettext("This field is required."))


def same_as_new(form: Form, field: Any) -> None:
    """Validator: the repetition is the new password."""
    if field.data != form["new"].data:
        raise ValidationError(gettext("This is not the same password as above."))


def _autocomplete(word: str, **more: Any) -> dict[str, Any]:
    return {"autocomplete": word, "required": True, **more}


class Spoken(Form):
    """A form in which WTForms too speaks the reader's language, out of our own catalogue: it knows no Vietnamese."""

    class Meta:
        def get_translations(self, form: Form) -> Any:
            return get_domain().get_translations()


class LoginForm(Spoken):
    username = StringField(
        lazy_gettext("User name"),
        [given],
        render_kw=_autocomplete("username", autocapitalize="none", spellcheck="false", maxlength=200),
    )
    password = PasswordField(lazy_gettext("Password"), [given], render_kw=_autocomplete("current-password"))


class NewPasswordForm(Spoken):
    """A new password, twice."""

    new = PasswordField(lazy_gettext("New password"), [given], render_kw=_autocomplete("new-password"))
    again = PasswordField(
        lazy_gettext("New password again"), [given, same_as_new], render_kw=_autocomplete("new-password")
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password, by somebody who knows the present one."""

    current = PasswordField(
        lazy_gettext("Present password"), [given], render_kw=_autocomplete("current-password")
    )


class SettingsForm(Spoken):
    """A person's preferences, with the choices that the `user` entity has."""

    language = SelectField(lazy_gettext("Language"))
    timezone = SelectField(lazy_gettext("Time zone"))
    theme = SelectField(lazy_gettext("Theme"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in PREFERENCES:
            self[key].choices = [
                SelectChoice(choice.key, choice.label) for choice in USER.field(key).option("choices")
            ]


class TokenForm(Spoken):
    name = StringField(
        lazy_gettext("What is it for?"), [given], render_kw={"required": True, "maxlength": NAME_LENGTH}
    )
    access = SelectField(
        lazy_gettext("Access"),
        choices=[
            SelectChoice("all", lazy_gettext("Everything I may do")),
            SelectChoice(READ_ONLY, lazy_gettext("Read only")),
        ],
    )
    days = SelectField(lazy_gettext("Valid for"), coerce=int, default=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days.choices = [SelectChoice(n, gettext("%(count)s days", count=n)) for n in TOKEN_DAYS]
