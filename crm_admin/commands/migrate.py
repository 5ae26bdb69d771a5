"""`crm migrate`: the state of the schema, and the way forward and back."""

from __future__ import annotations

import json

import click

from crm_admin import db
from crm_admin.commands.options import Refused, configured, refusals
from crm_admin.config import Config
from crm_admin.migrations import Runner, Step, logger, wait_until_current


@click.command()
@click.argument("action", type=click.Choice(["up", "down", "status", "wait", "mark"]), default="up")
@click.argument("step", required=False)
@click.argument("state", type=click.Choice(["applied", "pending"]), required=False)
@click.option("--dry-run", is_flag=True, help="With `up`: run it, print the SQL, roll all of it back.")
@click.option("--quiet", is_flag=True, help="Tell what was done to the log only.")
@click.option("--json", "as_json", is_flag=True, help="With `status`: as data.")
@configured
def migrate(
    config: Config,
    action: str,
    step: str | None,
    state: str | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Show or change the state of the database schema.

    \b
    crm migrate [up] [STEP]   run what is pending (as far as STEP); an embedded database is copied first
    crm migrate down [STEP]   undo the newest step (or STEP and all after it)
    crm migrate status        list the steps; exit 1 unless all are applied and nothing else is
    crm migrate wait          return when another process has brought the schema up; exit 1 if that takes a minute
    crm migrate mark STEP applied|pending   record what you did by hand, after a step was interrupted

    STEP is package/NNNN_name, or NNNN_name or NNNN where only one step is called so.
    """
    if (dry_run and action != "up") or (as_json and action != "status"):
        raise click.UsageError("--dry-run goes with `up`, --json with `status`")
    if (action == "mark") != (state is not None) or (action in ("status", "wait") and step):
        raise click.UsageError("`mark` takes a step and `applied` or `pending`, the others at most a step")
    with refusals():
        db.connect_to(config)
        with db.connection():
            runner = Runner(config)
            if action == "status":
                _show(runner.status(), as_json)
            elif action == "wait":
                wait_until_current(config)
            elif action == "mark":
                assert step is not None
                runner.mark(step, applied=state == "applied")
            elif dry_run:
                _try(runner)
            else:
                _move(runner, action, step, quiet=quiet)


def _move(runner: Runner, action: str, step: str | None, *, quiet: bool) -> None:
    report = logger.info if quiet else click.echo
    done = runner.up(step, report) if action == "up" else runner.down(step, report)
    if not done and not quiet:
        click.echo("nothing to do")


def _show(steps: list[Step], as_json: bool) -> None:
    rows = [
        {
            "step": s.key,
            "state": s.word,
            "applied_at": f"{s.applied_at:%Y-%m-%dT%H:%M:%SZ}" if s.applied_at else None,
        }
        for s in steps
    ]
    if as_json:
        click.echo(json.dumps(rows))
    else:
        for row in rows:
            click.echo(f"{row['state']:9}{row['step']:44}{row['applied_at'] or ''}".rstrip())
    if any(step.word != "applied" for step in steps):
        raise Refused("the schema is not the one of this release")


def _try(runner: Runner) -> None:
    pending = runner.pending()
    tried = runner.dry_run()
    for step, statements in tried:
        click.echo(f"-- {step.key}")
        for statement in statements:
            click.echo(f"{statement};")
    for step in pending[len(tried) :]:
        click.echo(f"-- {step.key} not tried: it, or a step before it, runs outside a transaction")
    click.echo(f"-- {len(tried)} of {len(pending)} pending steps tried and rolled back")
