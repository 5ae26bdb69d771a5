"""A stage of a pipeline."""

from __future__ import annotations

from crm_admin import registry
from crm_admin.entities.values import put_raw
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import EntityDef, Record, Section, define, fields, make

KINDS = (
    Choice("open", lazy_gettext("Open"), "blue"),
    Choice("won", lazy_gettext("Won"), "green"),
    Choice("lost", lazy_gettext("Lost"), "red"),
)

_SETTLED = {"won": "100", "lost": "0"}


class Stage(Record):
    def derive(self, reader: Reader) -> None:
        if self.kind in _SETTLED:
            put_raw(self, "probability", _SETTLED[self.kind], reader)

    @property
    def is_closed(self) -> bool:
        """Won or lost: nothing more is expected of an opportunity here."""
        return self.kind != "open"

    def keep_because(self) -> str | None:
        """Why the stage cannot be deleted; None when it can."""
        sales = registry.entity("opportunity").model
        if sales.select(sales.id).where(sales.stage == self.id, sales.deleted_at.is_null()).exists():
            return gettext("Opportunities stand in this stage. Move them first.")
        return None


def first_stage(pipeline: int | None) -> Stage | None:
    """The stage where opportunities of a pipeline begin."""
    if pipeline is None:
        return None
    return (
        Stage.select()
        .where(Stage.pipeline == pipeline, Stage.deleted_at.is_null())
        .order_by(Stage.position, Stage.id)
        .first()
    )


STAGE = define(
    EntityDef(
        key="stage",
        model=Stage,
        label=lazy_gettext("Stage"),
        plural=lazy_gettext("Stages"),
        icon="columns-3",
        access="setup",
        menu="setup",
        owned=False,
        has_history=False,
        default_sort="position",
        grouped_by="pipeline",
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, searchable=True, max_length=80),
            make("pipeline", "link", lazy_gettext("Pipeline"), target="pipeline", required=True),
            make("position", "integer", lazy_gettext("Position"), required=True, minimum=0, default=0),
            make("kind", "choice", lazy_gettext("Kind"), choices=KINDS, required=True, default="open"),
            make("probability", "percent", lazy_gettext("Probability"), minimum=0, maximum=100),
            make(
                "rotten_after_days",
                "integer",
                lazy_gettext("Stale after days"),
                help=lazy_gettext("An opportunity that stays longer is marked."),
                minimum=1,
            ),
        ),
        list_columns=("name", "pipeline", "position", "kind", "probability", "rotten_after_days"),
        sections=(
            Section(
                lazy_gettext("Stage"),
                ("name", "pipeline", "position", "kind", "probability", "rotten_after_days"),
            ),
        ),
        header=("pipeline", "kind", "probability"),
        quick=("name", "pipeline", "position", "kind", "probability"),
        indexes=(("pipeline", "position", "id"),),
    )
)
