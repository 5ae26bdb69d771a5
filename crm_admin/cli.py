"""`crm`: one command line. A command's file is loaded when the command is called, so parts stay small and quick."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from crm_admin.config import ConfigError
from crm_admin.serve import end_with_supervisor

# Name → (module:command, what it does in a line, in the order of the help).
COMMANDS = {
    "demo": ("crm_admin.commands.demo:demo", "Start a realistic company to look around in."),
    "serve": ("crm_admin.commands.serve:serve", "Start everything one machine needs: web, worker, push."),
    "web": ("crm_admin.commands.serve:web", "Start the web server alone."),
    "worker": ("crm_admin.commands.serve:worker", "Start a worker for background jobs alone."),
    "push": ("crm_admin.commands.serve:push", "Start the event process alone."),
    "init": ("crm_admin.commands.init:init", "Set up a new installation."),
    "migrate": ("crm_admin.commands.migrate:migrate", "Show or change the state of the database schema."),
    "check": ("crm_admin.commands.check:check", "Examine configuration and environment; say how to mend."),
    "user": ("crm_admin.commands.people:user", "Add and disable people, set passwords."),
    "token": ("crm_admin.commands.people:token", "Issue tokens for programs."),
    "seed": ("crm_admin.commands.seed:seed", "Fill the database with realistic data."),
    "import": ("crm_admin.commands.exchange:import_", "Read records from a file."),
    "export": ("crm_admin.commands.exchange:export", "Write records to a file."),
    "calls": ("call_center.commands:calls", "Compare the call log with the provider's."),
    "entity": ("crm_admin.commands.definition:entity", "Show what kinds of records there are."),
    "carrier": ("call_center.carrier.command:carrier", "Start a telephone carrier on this machine."),
}


class Group(click.Group):
    """A group that knows its commands by name and loads them one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def crm() -> None:
    """The CRM. Every command takes --config FILE and --help; it exits 0 when done, 1 when refused, 2 on wrong use."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code of INTERFACE: 0 done, 1 refused or failed, 2 wrong use or configuration."""
    end_with_supervisor()
    try:
        result = crm.main(args=arguments, prog_name="crm", standalone_mode=False)
    except ConfigError as error:
        click.echo(f"crm: {error}", err=True)
        return 2
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        click.echo(f"crm: {error.format_message()}", err=True)
        return error.exit_code
    except click.Abort:
        click.echo("crm: stopped", err=True)
        return 1
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python must not complain about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0
