"""`crm carrier`: the simulator in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from typing import Any, TextIO

import click

from call_center.carrier.account import DEFAULT_ACCOUNT, DEFAULT_APPLICATION, DEFAULT_TOKEN, Account


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", help="Taken for likeness with the other commands; the carrier reads no configuration."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8100, show_default=True, help="0 takes a free one.")
@click.option(
    "--app", default="http://127.0.0.1:8000", show_default=True, help="The application that answers calls."
)
@click.option("--account", default=DEFAULT_ACCOUNT, envvar="TWILIO_ACCOUNT_SID", help="Account SID.")
@click.option(
    "--token", default=DEFAULT_TOKEN, envvar="TWILIO_AUTH_TOKEN", help="Auth token; signs the webhooks."
)
@click.option("--key", default="", envvar="TWILIO_API_KEY_SID", help="API key of access tokens.")
@click.option("--secret", default="", envvar="TWILIO_API_KEY_SECRET", help="Its secret.")
@click.option(
    "--application",
    default=DEFAULT_APPLICATION,
    envvar="TWILIO_TWIML_APP_SID",
    help="TwiML app of browser phones.",
)
@click.option("--number", "numbers", multiple=True, help="A number of the company, E.164; may be repeated.")
@click.option("--overrides", default="", help="Connection overrides of all webhooks, as rc=2&rp=5xx,ct,rt")
@click.option("--seed", default="0", help="The same seed, the same chance.")
@click.option("--scale", default="1", help="Virtual seconds a second, or max.")
@click.option(
    "--people",
    type=click.File(encoding="utf-8"),
    help='Customers to play and to ring by themselves: JSON, [{"name", "number", "note"}].',
)
@click.option("--life", default=0.0, help="So many of them ring the company an hour, by themselves.")
@click.option("--quiet", is_flag=True, help="Print nothing at the start.")
def carrier(
    config: str | None,
    host: str,
    port: int,
    app: str,
    account: str,
    token: str,
    key: str,
    secret: str,
    application: str,
    numbers: tuple[str, ...],
    overrides: str,
    seed: str,
    scale: str,
    people: TextIO | None,
    life: float,
    quiet: bool,
) -> None:
    """Start a telephone carrier on this machine: REST API, webhooks, browser phones, a page to ring the company."""
    owner = Account(sid=account, token=token, application=application)
    if key and secret:
        owner.keys[key] = secret
    speed: float | str = scale
    if scale != "max":
        try:
            speed = float(scale)
        except ValueError:
            raise click.UsageError(f"--scale: a number or max, not {scale}") from None
    try:
        from call_center.carrier.server import DEFAULT_NUMBERS, Carrier  # noqa: PLC0415 - needs the extra `carrier`
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'crm[carrier]'") from None
    exchange = Carrier(
        app, host=host, port=port, account=owner, numbers=numbers or DEFAULT_NUMBERS, seed=seed, scale=speed,
        overrides=overrides, **({"people": _people(people)} if people else {}),
    )  # fmt: skip
    try:
        asyncio.run(_serve(exchange, life, quiet))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _people(file: TextIO) -> Any:
    """The customers of a file. Raises UsageError for another form."""
    from call_center.carrier.page import Person  # noqa: PLC0415 - as above

    try:
        return [Person(str(p["name"]), str(p["number"]), str(p.get("note", ""))) for p in json.load(file)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise click.UsageError(f"--people: not the form that --help names ({error})") from None


async def _serve(exchange: object, per_hour: float, quiet: bool) -> None:
    from call_center.carrier.life import Life  # noqa: PLC0415 - as above
    from call_center.carrier.server import Carrier  # noqa: PLC0415 - as above

    assert isinstance(exchange, Carrier)
    await exchange.open()
    life = Life(exchange.network, exchange.people, per_hour)
    life.start()
    if not quiet:
        _tell(exchange.url, exchange.account)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, over.set)
    await over.wait()
    life.stop()
    await exchange.close()


def _tell(url: str, account: Account) -> None:
    click.echo(f"carrier on {url}  account {account.sid}")
    for number in account.numbers.values():
        click.echo(f"  {number.phone_number} → {number.voice_url or 'nowhere'}")
