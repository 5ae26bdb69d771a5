"""A pipeline: the way opportunities of one kind go."""

from __future__ import annotations

from peewee import Value

from crm_admin import registry
from crm_admin.i18n import gettext, lazy_gettext
from crm_admin.kinds import Reader
from crm_admin.registry import Children, EntityDef, Panel, Record, Section, define, fields, make


class Pipeline(Record):
    """Its stages are rows of their own, in the order of their position."""

    def check(self, reader: Reader) -> dict[str, str]:
        if not self.is_default:
            return {}
        others = Pipeline.select().where(Pipeline.is_default == Value(True), Pipeline.deleted_at.is_null())
        if self.id is not None:
            others = others.where(Pipeline.id != self.id)
        other = others.first()
        if other is None:
            return {}
        return {
            "is_default": gettext(
                "New opportunities go to “%(name)s”; take it off there first.", name=other.name
            )
        }

    def keep_because(self) -> str | None:
        """Why the pipeline cannot be deleted; None when it can."""
        sales = registry.entity("opportunity").model
        if sales.select(sales.id).where(sales.pipeline == self.id, sales.deleted_at.is_null()).exists():
            return gettext("Opportunities stand in this pipeline. Move them first.")
        return None


def default_pipeline() -> int | None:
    """Id of the pipeline for new opportunities: the default one, else the oldest; None when there is none."""
    row = (
        Pipeline.select(Pipeline.id)
        .where(Pipeline.deleted_at.is_null())
        .order_by(Pipeline.is_default.desc(nulls="last"), Pipeline.id)
        .first()
    )
    return row.id if row else None


PIPELINE = define(
    EntityDef(
        key="pipeline",
        model=Pipeline,
        label=lazy_gettext("Pipeline"),
        plural=lazy_gettext("Pipelines"),
        icon="layout-kanban",
        access="setup",
        menu="setup",
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
                max_length=80,
            ),
            make(
                "is_default",
                "flag",
                lazy_gettext("For new opportunities"),
                default=False,
            ),
            make("description", "longtext", lazy_gettext("Description")),
        ),
        list_columns=("name", "is_default", "modified_at"),
        sections=(Section(lazy_gettext("Pipeline"), ("name", "is_default", "description")),),
        header=("is_default",),
        children=(
            Children(
                "stages",
                lazy_gettext("Stages"),
                "stage",
                via="pipeline",
                fields=("position", "name", "kind", "probability", "rotten_after_days"),
            ),
        ),
        panels=(
            Panel(
                "stages",
                lazy_gettext("Stages"),
                "stage",
                via="pipeline",
                columns=("position", "name", "kind", "probability", "rotten_after_days"),
                sort="position",
            ),
        ),
        quick=("name", "is_default"),
    )
)
