"""`crm demo`: a realistic company in a database of its own, to look around in."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from crm_admin import serve as supervision
from crm_admin.commands import serve
from crm_admin.commands.options import Refused, configured, override, refusals, same_settings
from crm_admin.config import Config, own_secret_key, secret
from crm_admin.seeds.corpus import story
from crm_admin.serve import Part

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Says that a directory is ours to delete, and keeps what is printed at every start.
MARK = "demo.json"
PASSWORD_VARIABLE = "CRM_DEMO_PASSWORD"  # noqa: S105 — its name


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; default web.port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on: of this machine only."
)
@click.option("--data", "folder", default="var/demo", show_default=True, help="Directory of the demo.")
@click.option(
    "--customers", type=click.IntRange(1, 100_000), default=400, show_default=True, help="How many."
)
@click.option("--fresh", is_flag=True, help="Throw the old demo away first.")
@click.option("--quiet-carrier", is_flag=True, help="Nobody rings the company by themselves.")
@click.option("--build", is_flag=True, hidden=True, help="Only fill the database.")
@configured
def demo(
    config: Config,
    port: int | None,
    host: str,
    folder: str,
    customers: int,
    fresh: bool,
    quiet_carrier: bool,
    build: bool,
) -> int:
    """Start a realistic company to look around in: web, worker and push on this machine, and only for it.

    CRM_DEMO_PASSWORD sets everyone's password, else one is made up and printed.
    """
    if host not in LOOPBACK:
        raise Refused("everybody knows the people of the demo: it listens on 127.0.0.1 only")
    config = _of_demo(config, folder, host, port)
    if build:
        _fill(config, customers)
        return 0
    with serve.opened(config) as (config, listener):
        scenes = _scenes(config)
        for scene in scenes:
            config = override(config, scene.script.settings(scene.port))
        _make_room(config.data, fresh)
        own_secret_key(config, create=True)
        if (code := serve.bring_up(config)) != 0:
            return code
        _fill_apart(config, customers)
        _announce(config, scenes)
        more = [
            Part(
                scene.name,
                scene.script.command(config, scene.port, quiet=quiet_carrier),
                phase=1,
                due=serve.after_the_first_page(),
            )
            for scene in scenes
        ]
        return serve.run(config, listener, more=more)


def _of_demo(config: Config, folder: str, host: str, port: int | None) -> Config:
    """`config` for the demo: never the database, the address or the data of a real installation."""
    values: dict[str, object] = {
        "environment": "demo",
        "data_dir": folder,
        "database.url": "",
        "web.host": host,
        "web.public_url": "",
        "web.proxies": 0,
        "push.host": host,
        "push.public_url": "",
        "company.name": story.COMPANY,
        "company.currency": story.CURRENCY,
        "company.timezone": story.TIME_ZONE,
    }
    if port is not None:
        values |= {"web.port": port, "push.port": port + 1 if port else 0}
    return override(config, values)


@dataclass(frozen=True)
class Scene:
    """What an enabled module brings to the demo: its `demo.py`, and the port of its program."""

    name: str
    script: Any
    port: int


def _scenes(config: Config) -> list[Scene]:
    """The modules that have a program to run, each with a port behind those of web and push, or a free one."""
    found: list[Scene] = []
    for name in config.modules.enabled:
        if find_spec(f"{name}.demo") is None:
            continue
        script = import_module(f"{name}.demo")
        if hasattr(script, "command"):
            wanted = config.push.port + 1 + len(found) if config.push.port else 0
            found.append(Scene(name, script, _free_port(config.web.host, wanted)))
    return found


def _free_port(host: str, wanted: int) -> int:
    """`wanted` if nobody listens there, else any other."""
    for port in (wanted, 0):
        with suppress(OSError), supervision.listen(host, port) as listener:
            return int(listener.getsockname()[1])
    raise Refused(f"there is no free port on {host}")


def _make_room(folder: Path, fresh: bool) -> None:
    """An empty directory, or that of an earlier demo that came to its end and may stay."""
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise Refused(f"{folder} holds something that is not a demo: name another directory with --data")
    if mark.exists() and (fresh or not _read(folder)):
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not mark.exists():
        _write(folder, {})


def _fill_apart(config: Config, customers: int) -> None:
    """Fill the database in a process of its own: what that takes in memory is free again when people come."""
    kept = _read(config.data)
    wanted = secret(PASSWORD_VARIABLE)
    if kept and wanted in (None, kept["password"]):
        return
    password = wanted or secrets.token_urlsafe(9)
    arguments = (
        "demo",
        "--build",
        "--data",
        config.data_dir,
        "--customers",
        str(customers),
        *same_settings(),
    )
    environment = {**os.environ, PASSWORD_VARIABLE: password}
    if subprocess.run(supervision.command(*arguments), env=environment, check=False).returncode != 0:
        raise Refused("the demo could not be built")


def _fill(config: Config, customers: int) -> None:
    """Build the company, or give the people of the one that is there another password."""
    # Late: the process that stays carries none of this.
    from crm_admin import auth, db  # noqa: PLC0415
    from crm_admin.app import create_app  # noqa: PLC0415
    from crm_admin.entities.user import User  # noqa: PLC0415
    from crm_admin.seeds.demo import build  # noqa: PLC0415

    password = secret(PASSWORD_VARIABLE) or ""
    kept = _read(config.data)
    with refusals(), create_app(config).app_context(), db.connection():
        if kept:
            names = [name for name, _role in kept["people"]]
            for user in User.select(User.id).where(User.username.in_(names)):
                auth.set_password(user.id, password)
        else:
            made = build(config, customers=customers, password=password, progress=_show_progress)
            kept["people"] = [(name, role) for name, role, _password in made]
    _write(config.data, {**kept, "password": password})


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rBuilding the company … {100 * done // max(total, 1)} %", nl=done >= total, err=True)


def _announce(config: Config, scenes: list[Scene]) -> None:
    kept = _read(config.data)
    click.echo(
        f"\nThe demo is at {config.public_url} (Ctrl-C ends it). Everybody's password: {kept['password']}\n"
    )
    for name, role in kept["people"]:
        click.echo(f"  {name:12}{role}")
    click.echo()
    for scene in scenes:
        click.echo(scene.script.announcement(scene.port) + "\n")


def _read(folder: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((folder / MARK).read_text(encoding="utf-8"))
    return kept


def _write(folder: Path, kept: dict[str, Any]) -> None:
    with open(
        os.open(folder / MARK, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(kept, file)
