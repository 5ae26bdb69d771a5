"""An opportunity: a sale that may be made, on its way through a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from peewee import BigAutoField, BigIntegerField, DateTimeField

from crm_admin import clock
from crm_admin.db import LinkField, Table
from crm_admin.entities.contact import account_of
from crm_admin.entities.lead import SOURCES
from crm_admin.entities.pipeline import default_pipeline
from crm_admin.entities.stage import Stage, first_stage
from crm_admin.entities.story import of_customer
from crm_admin.i18n import gettext, lazy_gettext, lazy_pgettext
from crm_admin.kinds import Choice, Reader
from crm_admin.registry import Board, EntityDef, Panel, Record, Section, define, fields, make

FORECASTS = (
    Choice("pipeline", lazy_pgettext("forecast", "Pipeline"), "blue"),
    Choice("best_case", lazy_gettext("Best case"), "amber"),
    Choice("commit", lazy_gettext("Committed"), "teal"),
    Choice("closed", lazy_gettext("Closed"), "green"),
    Choice("omitted", lazy_gettext("Left out"), "gray"),
)

LOST_REASONS = (
    Choice("price", lazy_gettext("Price")),
    Choice("competitor", lazy_gettext("Competitor")),
    Choice("features", lazy_gettext("Product did not fit")),
    Choice("timing", lazy_gettext("Wrong time")),
    Choice("budget", lazy_gettext("No budget")),
    Choice("no_answer", lazy_gettext("No answer")),
    Choice("other", lazy_gettext("Other")),
)

_SETTLED_FORECAST = {"won": "closed", "lost": "omitted"}


class Opportunity(Record):
    late_by = frozenset({"closed_at", "close_date"})
    stale_by: ClassVar[Mapping[str, frozenset[str]]] = {
        "opportunity": frozenset({"stage", "stage_entered_at"}),
        "stage": frozenset({"kind", "rotten_after_days"}),
    }
    account: Any
    pipeline: Any
    stage: Any
    probability: Any
    forecast_category: Any
    stage_entered_at: Any
    closed_at: Any

    def derive(self, reader: Reader) -> None:
        if self.account is None:
            self.account = account_of(self.contact)
        stage = self._find_stage()
        if stage is None:
            return
        self.stage = stage.id
        if self.pipeline is None:
            self.pipeline = stage.pipeline
        stored = self._stored()
        moved = stored is None or stored.stage != stage.id
        self._follow_probability(stage, stored if moved else None)
        self._follow_forecast(stage)
        if moved or self.stage_entered_at is None:
            self.stage_entered_at = clock.now()
        if not stage.is_closed:
            self.closed_at = None
        elif moved or self.closed_at is None:
            self.closed_at = clock.now()

    def check(self, reader: Reader) -> dict[str, str]:
        if self.stage is None:
            return {"stage": gettext("Choose a stage.")}
        if not Stage.select().where(Stage.id == self.stage, Stage.pipeline == self.pipeline).exists():
            return {"stage": gettext("This stage belongs to another pipeline.")}
        return {}

    def is_late(self) -> bool:
        return self.closed_at is None and self.close_date is not None and self.close_date < clock.now().date()

    @classmethod
    def stale_days(cls, records: Iterable[Record]) -> dict[int, int]:
        """Those that stand in an open stage for longer than it allows."""
        standing = [(row.id, row.stage, row.stage_entered_at) for row in records if row.stage_entered_at]
        if not standing:
            return {}
        stages = Stage.select(Stage.id, Stage.rotten_after_days).where(
            Stage.id.in_({stage for _, stage, _ in standing}),
            Stage.kind == "open",
            Stage.rotten_after_days.is_null(False),
        )
        limits = {stage.id: timedelta(days=stage.rotten_after_days) for stage in stages}
        now = clock.now()
        return {
            number: (now - since).days
            for number, stage, since in standing
            if stage in limits and now - since > limits[stage]
        }

    def after_save(self, actor: Any, before: dict[str, Any] | None) -> None:
        if before is None or "stage" in before:
            StageHistory.enter(self, actor.id)

    def _find_stage(self) -> Stage | None:
        if self.stage is not None:
            return Stage.get_or_none(Stage.id == self.stage)
        if self.pipeline is None:
            self.pipeline = default_pipeline()
        return first_stage(self.pipeline)

    def _stored(self) -> Opportunity | None:
        if self.id is None:
            return None
        query = Opportunity.select(Opportunity.stage, Opportunity.probability)
        return query.where(Opportunity.id == self.id).first()

    def _follow_probability(self, stage: Stage, left: Opportunity | None) -> None:
        """The stage's probability, unless a person set another by hand. `left`: as it stood in the stage it left."""
        untouched = left is not None and self.probability == left.probability
        if stage.is_closed or self.probability is None or untouched:
            self.probability = stage.probability

    def _follow_forecast(self, stage: Stage) -> None:
        settled = _SETTLED_FORECAST.get(stage.kind)
        if settled:
            self.forecast_category = settled
        elif self.forecast_category in (None, "closed"):
            self.forecast_category = "pipeline"


class StageHistory(Table):
    """One move of an opportunity. `seconds` is how long it had stood in `from_stage`."""

    id = BigAutoField()
    opportunity = LinkField("opportunity")
    from_stage = LinkField("stage", null=True)
    to_stage = LinkField("stage")
    at = DateTimeField()
    by = LinkField("user", null=True)
    seconds = BigIntegerField(null=True)

    class Meta:
        table_name = "stage_history"
        indexes = ((("opportunity", "id"), False), (("to_stage", "at"), False))

    @classmethod
    def enter(cls, opportunity: Opportunity, by: int | None) -> None:
        """Note that an opportunity, saved in this transaction, has come to the stage it stands in."""
        last = cls.select().where(cls.opportunity == opportunity.id).order_by(cls.id.desc()).first()
        cls.create(
            opportunity=opportunity.id,
            from_stage=last.to_stage if last else None,
            to_stage=opportunity.stage,
            at=opportunity.stage_entered_at,
            by=by,
            seconds=int((opportunity.stage_entered_at - last.at).total_seconds()) if last else None,
        )


OPPORTUNITY = define(
    EntityDef(
        key="opportunity",
        model=Opportunity,
        label=lazy_gettext("Opportunity"),
        plural=lazy_gettext("Opportunities"),
        icon="target-arrow",
        menu="sales",
        shortcut="o",
        default_sort="close_date",
        event="opportunity",
        subjects=of_customer,
        fields=fields(
            make("name", "text", lazy_gettext("Name"), required=True, searchable=True),
            make("account", "link", lazy_gettext("Account"), target="account"),
            make("contact", "link", lazy_gettext("Contact"), target="contact"),
            make("pipeline", "link", lazy_gettext("Pipeline"), target="pipeline"),
            make("stage", "link", lazy_gettext("Stage"), target="stage", told=True),
            make("amount", "money", lazy_gettext("Amount"), told=True),
            make(
                "probability",
                "percent",
                lazy_gettext("Probability"),
                help=lazy_gettext("Follows the stage unless you set it."),
                minimum=0,
                maximum=100,
            ),
            make("close_date", "date", lazy_gettext("Expected close"), told=True),
            make("forecast_category", "choice", lazy_gettext("Forecast"), choices=FORECASTS),
            make("lead_source", "choice", lazy_gettext("Source"), choices=SOURCES),
            make("lost_reason", "choice", lazy_gettext("Lost because of"), choices=LOST_REASONS, told=True),
            make("competitor", "text", lazy_gettext("Competitor"), max_length=120),
            make("next_step", "text", lazy_gettext("Next step")),
            make("tags", "links", lazy_gettext("Tags"), target="tag"),
            make("description", "longtext", lazy_gettext("Description")),
            make("stage_entered_at", "datetime", lazy_gettext("In this stage since"), system=True),
            make("closed_at", "datetime", lazy_pgettext("time", "Closed"), system=True),
        ),
        list_columns=("name", "account", "stage", "amount", "probability", "close_date", "owner"),
        sections=(
            Section(
                lazy_gettext("Opportunity"), ("name", "account", "contact", "amount", "close_date", "tags")
            ),
            Section(
                lazy_gettext("Progress"),
                ("pipeline", "stage", "probability", "forecast_category", "next_step"),
            ),
            Section(lazy_gettext("More"), ("lead_source", "competitor", "lost_reason", "description")),
            Section(lazy_gettext("Responsible"), ("owner", "team")),
        ),
        header=("account", "stage", "amount", "probability", "close_date", "owner"),
        board=Board("stage", facts=("account", "close_date", "owner"), total="amount"),
        panels=(
            Panel(
                "tasks",
                lazy_gettext("Tasks"),
                "task",
                via="regarding",
                columns=("subject", "status", "priority", "due_at", "owner"),
            ),
            Panel(
                "meetings",
                lazy_gettext("Meetings"),
                "meeting",
                via="regarding",
                columns=("subject", "starts_at", "status", "location", "owner"),
                sort="-starts_at",
            ),
            Panel(
                "attachments",
                lazy_gettext("Files"),
                "attachment",
                via="regarding",
                columns=("name", "size", "created_by", "created_at"),
            ),
        ),
        quick=("name", "account", "contact", "amount", "close_date"),
        indexes=(("pipeline", "stage", "id"), ("owner", "stage", "close_date")),
    )
)
