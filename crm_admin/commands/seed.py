"""`crm seed`: bulk realistic data."""

from __future__ import annotations

import sys
import time
from importlib import import_module

import click

from crm_admin.commands.options import Refused, connected
from crm_admin.config import Config

CALLS = "call_center.bulk_calls"


@click.command()
@click.option(
    "--contacts", type=click.IntRange(1, 20_000_000), default=10_000, show_default=True, help="How many."
)
@click.option("--calls", type=click.IntRange(0), default=0, help="How many; needs the call center.")
@click.option(
    "--seed", "number", type=int, default=1, show_default=True, help="The same one gives the same people."
)
@connected
def seed(config: Config, contacts: int, calls: int, number: int) -> None:
    """Fill the database with realistic data in Vietnamese, Chinese and English, beside what is there.

    Ten contacts to an account, and sales, tasks and notes for some; their owners are new people who cannot sign in.
    While it runs nobody else can write. Never seed an installation that dials: the numbers may belong to somebody.
    """
    # Late: `crm --help` must not pay for the application.
    from crm_admin import db  # noqa: PLC0415
    from crm_admin.app import create_app  # noqa: PLC0415
    from crm_admin.seeds import bulk  # noqa: PLC0415

    if calls and CALLS.partition(".")[0] not in config.modules.enabled:
        raise Refused("--calls needs the call center, which modules.enabled does not name")
    began = time.monotonic()
    tell = _show if sys.stderr.isatty() else None
    # Inside the application, as it brings the company's language and every module's entities; it connects anew.
    with create_app(config).app_context(), db.connection():
        made = bulk.seed(config, contacts=contacts, seed=number, progress=tell)
        if calls:
            made |= {"call": import_module(CALLS).seed(config, calls=calls, seed=number)}
    if sys.stderr.isatty():
        click.echo(err=True)
    listed = ", ".join(f"{count:,} of {entity}" for entity, count in made.items())
    click.echo(f"added {listed} in {time.monotonic() - began:.0f} s")


def _show(done: int, total: int) -> None:
    rest = "now the indexes" if done >= total else ""
    click.echo(f"\r{done:,} of {total:,} contacts {rest}", nl=False, err=True)
