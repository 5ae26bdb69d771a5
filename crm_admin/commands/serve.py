"""`crm serve` and its parts: `crm web`, `crm worker`, `crm push`."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import click

from crm_admin import serve as supervision
from crm_admin.commands.options import Refused, configured, override, refusals, same_settings
from crm_admin.config import Config, ConfigError, unsafe
from crm_admin.mounts import network_kind
from crm_admin.serve import Part, Supervisor

FIRST_PAGE_S = 1.5
"""From the start of the web process to its first page, on a machine that is busy."""

_host = click.option("--host", help="Address to listen on; default web.host.")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; default web.port.")
_workers = click.option(
    "--workers", type=click.IntRange(1, 64), default=1, help="Web processes; more than one needs PostgreSQL."
)


@click.command()
@_host
@_port
@_workers
@configured
def serve(config: Config, host: str | None, port: int | None, workers: int) -> int:
    """Start everything one machine needs, as one tree: web, worker and push. Ends on SIGTERM or Ctrl-C."""
    config = at(config, host, port)
    _one_process_on_sqlite(config, workers)
    with opened(config) as (config, listener):
        return bring_up(config) or run(config, listener, workers)


@click.command()
@_host
@_port
@_workers
@click.option("--fd", type=int, hidden=True, help="An inherited listening socket; the schema was seen to.")
@configured
def web(config: Config, host: str | None, port: int | None, workers: int, fd: int | None) -> int:
    """Start the web server alone, for many machines. Brings the schema up to date first."""
    config = at(config, host, port)
    if fd is not None:
        _serve_requests(config, socket.socket(fileno=fd))
        return 0
    refuse_unsafe(config)
    _one_process_on_sqlite(config, workers)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(config))
        config = at(config, None, listener.getsockname()[1])
        if (code := bring_up(config)) != 0:
            return code
        if workers > 1:
            return Supervisor(_web_parts(listener, workers, stack)).run()
        _serve_requests(config, listener)
        return 0


@click.command()
@configured
def worker(config: Config) -> None:
    """Start a worker for background jobs alone. Waits for the schema, does not change it."""
    refuse_unsafe(config)
    from crm_admin import db, migrations  # noqa: PLC0415 — `crm serve`, in this file too, stays small without
    from crm_admin.app import create_app  # noqa: PLC0415 — as above

    # Jobs make themselves known by being imported; each web page imports only what it enqueues.
    from crm_admin.jobs import (  # noqa: F401, PLC0415 — as above
        Worker,
        imports,
        upkeep,
    )

    with refusals():
        db.connect_to(config)
        migrations.wait_until_current(config)
        Worker(config, around=create_app(config).app_context).run()


@click.command()
@click.option("--ready", is_flag=True, hidden=True, help="The schema was seen to.")
@configured
def push(config: Config, ready: bool) -> int:
    """Start the event process alone. Waits for the schema, does not change it."""
    refuse_unsafe(config)
    # The database layer weighs more than this whole process may: another one looks.
    wait = supervision.command("migrate", "wait", *same_settings())
    if not ready and (code := subprocess.run(wait, check=False).returncode) != 0:
        return code
    from crm_admin import live_sessions  # noqa: PLC0415 — the other parts do without
    from crm_admin import push as events  # noqa: PLC0415 — as above

    try:
        events.serve(config, live_sessions.of(config))
    except OSError as error:
        raise _cannot_listen(config.push.host, config.push.port, "push.port", error) from None
    return 0


@contextmanager
def opened(config: Config) -> Iterator[tuple[Config, socket.socket]]:
    """`config` with the port that is really ours, and a socket that listens there. Refused when a port is taken."""
    refuse_unsafe(config)
    with _listen(config) as listener:
        _refuse_taken(config.push.host, config.push.port, "push.port")
        yield at(config, None, listener.getsockname()[1]), listener


def run(config: Config, listener: socket.socket, workers: int = 1, more: Sequence[Part] = ()) -> int:
    """The tree of web, worker, push and `more` until a signal; the exit code. The schema must be there."""
    supervision.logger.info("serving", extra={"address": config.public_url})
    with ExitStack() as stack:
        parts = [
            *_web_parts(listener, workers, stack),
            Part("worker", ("worker", *same_settings()), phase=1, due=after_the_first_page()),
            Part("push", ("push", "--ready", *same_settings()), phase=1, drain_s=10),
            *more,
        ]
        return Supervisor(parts).run()


def after_the_first_page() -> float:
    """When to start what no first page needs: on two processors it would keep people waiting for that page."""
    return time.monotonic() + FIRST_PAGE_S


def at(config: Config, host: str | None, port: int | None) -> Config:
    """`config` with another address of the web server, for this process and the parts it starts."""
    values = {"web.host": host, "web.port": port}
    return override(config, {key: value for key, value in values.items() if value is not None})


def bring_up(config: Config) -> int:
    """Make the data directory and bring the schema up to date; the exit code of the process that does the latter.

    In a process of its own, so that this one stays small.
    """
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return subprocess.run(
        supervision.command("migrate", "up", "--quiet", *same_settings()), check=False
    ).returncode


def refuse_unsafe(config: Config) -> None:
    """Raise ConfigError for the first setting that no installation may be open with."""
    for error in unsafe(config):
        raise error
    kind = network_kind(config.data) if config.is_sqlite else None
    if kind:
        raise ConfigError(
            "database.url",
            f"SQLite on a network file system ({kind}) gets corrupted",
            "move data_dir to a local disk, or use PostgreSQL",
        )


def _web_parts(listener: socket.socket, count: int, stack: ExitStack) -> list[Part]:
    environment = {}
    if count > 1:
        # Each process counts its own requests; /metrics of any of them adds up what all wrote here.
        counts = tempfile.mkdtemp(prefix="crm-metrics-")
        stack.callback(shutil.rmtree, counts, ignore_errors=True)
        environment["PROMETHEUS_MULTIPROC_DIR"] = counts
    arguments = ("web", "--fd", str(listener.fileno()), *same_settings())
    return [
        Part(f"web-{n}" if count > 1 else "web", arguments, fds=(listener.fileno(),), environment=environment)
        for n in range(1, count + 1)
    ]


def _serve_requests(config: Config, listener: socket.socket) -> None:
    from crm_admin.app import create_app  # noqa: PLC0415 — only the web process carries the application
    from crm_admin.web import Server  # noqa: PLC0415 — as above

    with refusals():
        app = create_app(config)
    server = Server(app, listener, threads=config.web.threads, body_bytes=(config.web.max_body_mb + 1) << 20)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()


def _one_process_on_sqlite(config: Config, workers: int) -> None:
    if config.is_sqlite and workers > 1:
        raise ConfigError("--workers", "an embedded database has one web process", "use PostgreSQL for more")


def _listen(config: Config) -> socket.socket:
    try:
        return supervision.listen(config.web.host, config.web.port)
    except OSError as error:
        raise _cannot_listen(config.web.host, config.web.port, "web.port", error) from None


def _refuse_taken(host: str, port: int, key: str) -> None:
    try:
        supervision.listen(host, port).close()
    except OSError as error:
        raise _cannot_listen(host, port, key, error) from None


def _cannot_listen(host: str, port: int, key: str, error: OSError) -> Refused:
    return Refused(f"cannot listen on {host}:{port} ({key}): {error.strerror or error}")
