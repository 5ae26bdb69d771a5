"""A link to a person who works here."""

from __future__ import annotations

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds.base import FieldDef, register
from crm_admin.kinds.link import LinkKind


class UserKind(LinkKind):
    name = "user"
    label = lazy_gettext("User")
    icon = "user"

    def target(self, field: FieldDef) -> str:
        return "user"

    def control(self) -> str:
        return "fields/link.html"


register(UserKind())
