"""What commands share: the configuration option, an open database, refusals."""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import click

from crm_admin import log
from crm_admin.config import Config, ConfigError, changed, load, own_secret_key

_GIVEN = "crm.given"


class Refused(click.ClickException):
    """The command was understood and not done: one line on stderr, exit code 1."""

    exit_code = 1


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config FILE` and hand the command its Config as first argument; logs are set up on the way.

    `--set KEY=VALUE` (a dotted key and a TOML value) is how `crm serve` hands its own options to its parts.
    """

    @click.option(
        "--config", "path", metavar="FILE", help="Settings; default $CRM_CONFIG, else ./config.toml."
    )
    @click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", hidden=True)
    @functools.wraps(command)
    def wrapped(path: str | None, settings: tuple[str, ...], **options: Any) -> Any:
        given = dict(map(_setting, settings))
        click.get_current_context().meta[_GIVEN] = (path, given)
        config = own_secret_key(load(path, overrides=given), create=False)
        log.setup(config)
        return command(config, **options)

    return wrapped


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """As `configured`, with an open database whose schema is the one of this release; else the command is refused."""
    # Late, here and below: `crm --help`, `crm serve` and `crm web` alone must not pay for the database layer.
    from crm_admin import db, migrations  # noqa: PLC0415

    @configured
    @functools.wraps(command)
    def wrapped(config: Config, **options: Any) -> Any:
        with refusals():
            db.connect_to(config)
            migrations.wait_until_current(config, timeout_s=0)
            with db.connection():
                return command(config, **options)

    return wrapped


def override(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with other values (by dotted key), which same_settings() hands on from now."""
    path, given = click.get_current_context().meta[_GIVEN]
    click.get_current_context().meta[_GIVEN] = (path, {**given, **values})
    return changed(config, values)


def same_settings() -> tuple[str, ...]:
    """Options that give another `crm` command the settings of this one."""
    path, given = click.get_current_context().meta[_GIVEN]
    # A JSON text, number or truth value is a TOML one too.
    settings = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items())
    return (*(("--config", path) if path else ()), *(part for text in settings for part in ("--set", text)))


class refusals:  # noqa: N801 — reads as a statement
    """Turn what an operator can mend (no database, wrong schema) into Refused."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from peewee import InterfaceError, OperationalError  # noqa: PLC0415 — see connected()

        from crm_admin.migrations import MigrationError, one_line  # noqa: PLC0415 — see connected()

        if isinstance(error, MigrationError):
            raise Refused(str(error)) from error
        if isinstance(error, OperationalError | InterfaceError):
            raise Refused(f"the database does not answer as it should: {one_line(error)}") from error


def _setting(text: str) -> tuple[str, Any]:
    key, _separator, value = text.partition("=")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise ConfigError(key or text, f"--set needs KEY=VALUE with a TOML value, not {text!r}") from None
