"""`crm init`: a new installation."""

from __future__ import annotations

import click

from crm_admin import db
from crm_admin.app import create_app
from crm_admin.basics import ensure_basics
from crm_admin.commands.options import configured, refusals
from crm_admin.config import Config, own_secret_key
from crm_admin.migrations import Runner


@click.command()
@configured
def init(config: Config) -> None:
    """Set up a new installation: data directory, secret key, schema, roles. What is there already stays as it is."""
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = own_secret_key(config, create=True)
    with refusals():
        db.connect_to(config)
        steps = Runner(config).up(report=lambda _line: None)
        with create_app(config).app_context(), db.connection():
            ensure_basics(config)
    click.echo(f"{config.data} is ready ({len(steps)} schema steps were applied). Next:")
    click.echo("  crm user add NAME --role administrator   the first person")
    click.echo("  crm check                                what else should be mended")
    click.echo("  crm serve                                start")
