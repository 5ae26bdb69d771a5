"""`crm calls`: the call log from the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click

from crm_admin.commands.options import Refused, connected
from crm_admin.config import Config, ConfigError


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or time; one without a zone is UTC. UTC, naive."""

    name = "ISO"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date or time such as 2026-11-22 or 2026-11-22T08:00:00+07:00")


@click.group()
def calls() -> None:
    """The call log."""


@calls.command()
@click.option("--since", type=Moment(), help="Calls that began then or later; default: the last 24 hours.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@connected
def reconcile(config: Config, since: datetime | None, as_json: bool) -> None:
    """Fill gaps in the call log from the provider's own record. Safe to repeat."""
    # Late: `crm --help` must not pay for the application.
    from call_center import gateway, provider_error  # noqa: PLC0415
    from call_center import reconcile as comparison  # noqa: PLC0415
    from crm_admin import audit, clock, db  # noqa: PLC0415
    from crm_admin.app import create_app  # noqa: PLC0415

    if "call_center" not in config.modules.enabled:
        raise ConfigError("modules.enabled", "does not name call_center", "add it")
    if not config.section("call_center").complete:
        raise ConfigError("TWILIO_ACCOUNT_SID", "and TWILIO_AUTH_TOKEN are not set", "docs/twilio.md")
    with (
        create_app(config).app_context(),
        db.connection(),
        audit.coming_from(audit.Origin("command")),
    ):
        provider = gateway.of(config)
        try:
            stale = comparison.stale(config, provider)
            made = comparison.since(since or clock.ago(hours=24), config, provider, _show)
        except provider_error.ProviderError as error:
            raise Refused(f"the provider: {error}") from None
    made.legs_mended += stale.legs_mended
    if as_json:
        click.echo(json.dumps(asdict(made)))
    else:
        click.echo(
            f"{made.legs} legs compared, {made.legs_mended} mended; "
            f"{made.recordings} recordings compared, {made.recordings_mended} mended"
        )


def _show(done: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} …", nl=False, err=True)
