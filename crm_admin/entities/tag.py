"""A tag: a free word that groups records of any kind."""

from __future__ import annotations

from crm_admin.i18n import lazy_gettext
from crm_admin.kinds import Choice
from crm_admin.registry import EntityDef, Record, Section, define, fields, make

TONES = (
    Choice("gray", lazy_gettext("Gray"), "gray"),
    Choice("blue", lazy_gettext("Blue"), "blue"),
    Choice("green", lazy_gettext("Green"), "green"),
    Choice("amber", lazy_gettext("Amber"), "amber"),
    Choice("red", lazy_gettext("Red"), "red"),
    Choice("purple", lazy_gettext("Purple"), "purple"),
    Choice("teal", lazy_gettext("Teal"), "teal"),
)


class Tag(Record):
    """A word and the colour of its badge."""


TAG = define(
    EntityDef(
        key="tag",
        model=Tag,
        label=lazy_gettext("Tag"),
        plural=lazy_gettext("Tags"),
        icon="tag",
        access="catalogue",
        menu="catalogue",
        owned=False,
        has_history=False,
        fields=fields(
            make(
                "name",
                "text",
                lazy_gettext("Name"),
                required=True,
                unique=True,
                searchable=True,
                max_length=40,
            ),
            make("tone", "choice", lazy_gettext("Colour"), choices=TONES, default="gray"),
        ),
        list_columns=("name", "tone", "created_at"),
        sections=(Section(lazy_gettext("Tag"), ("name", "tone")),),
        header=("tone",),
        quick=("name", "tone"),
    )
)
