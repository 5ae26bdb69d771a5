"""`crm user` and `crm token`: people and programs, for whoever runs the machine."""

from __future__ import annotations

import sys
from typing import Any

import click

from crm_admin import entities, policy, records
from crm_admin.audit import Origin, coming_from
from crm_admin.auth import accounts, passwords, tokens
from crm_admin.commands.options import Refused, connected
from crm_admin.config import Config
from crm_admin.entities.role import Role
from crm_admin.entities.team import Team
from crm_admin.entities.user import USER
from crm_admin.folding import fold

_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of printing a link."
)


@click.group()
def user() -> None:
    """Add and disable people, set passwords."""
    entities.load()


@user.command()
@click.argument("username")
@click.option(
    "--role", required=True, metavar="KEY", help="administrator, supervisor, agent, … or a role of yours."
)
@click.option("--team", metavar="NAME", help="A team the person belongs to.")
@click.option("--name", metavar="NAME", help="The given name; the user name when there is none.")
@click.option("--family-name", metavar="NAME", help="The family name.")
@click.option("--email", metavar="ADDRESS")
@_password_stdin
@connected
def add(
    config: Config,
    username: str,
    role: str,
    team: str | None,
    name: str | None,
    family_name: str | None,
    email: str | None,
    password_stdin: bool,
) -> None:
    """Add a person who signs in as USERNAME; print a link at which they set their password."""
    raw = {"username": accounts.username_of(username), "role": _role(role), "given_name": name}
    raw |= {"family_name": family_name, "email": email, "teams": [_team(team)] if team else None}
    password = _read_password(config, username, name, family_name) if password_stdin else None
    with coming_from(Origin(source="command")):
        try:
            made = records.create(policy.SYSTEM, "user", _parsed(config, raw))
        except records.Rejected as error:
            raise Refused(str(error)) from None
    _give_access(config, made, password)


@user.command()
@click.argument("username")
@connected
def disable(config: Config, username: str) -> None:
    """Keep a person from signing in; their sessions and tokens end at once, their records stay."""
    person = _person(username)
    with coming_from(Origin(source="command")):
        try:
            records.update(policy.SYSTEM, person, {"active": False})
        except records.Rejected as error:
            raise Refused(str(error)) from None


@user.command("password")
@click.argument("username")
@_password_stdin
@connected
def set_password(config: Config, username: str, password_stdin: bool) -> None:
    """Print a link at which a person sets a new password (good once, for a day), or set it from standard input."""
    person = _person(username)
    text = _read_password(config, person.username, person.name, person.email) if password_stdin else None
    with coming_from(Origin(source="command")):
        _give_access(config, person, text)


@click.group()
def token() -> None:
    """Issue tokens for programs."""
    entities.load()


@token.command("add")
@click.argument("username")
@click.option(
    "--scope", "scopes", multiple=True, help="read, write, ENTITY:read or ENTITY:write; default: all."
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="How long it is valid; default: until it is revoked."
)
@click.option("--name", default="", help="What it is for.")
@connected
def add_token(config: Config, username: str, scopes: tuple[str, ...], days: int | None, name: str) -> None:
    """Make a token with which a program acts for USERNAME; it is printed this once."""
    person = _person(username)
    try:
        _, text = tokens.mint(person.id, name=name, scopes=scopes, days=days)
    except tokens.UnknownScope as error:
        raise click.UsageError(f"--scope: no such scope: {error}") from None
    click.echo(text)


def _give_access(config: Config, person: Any, password: str | None) -> None:
    if password is None:
        click.echo(accounts.password_link(person.id, config))
    else:
        accounts.set_password(person.id, password)


def _read_password(config: Config, *about: str | None) -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    try:
        passwords.refuse_weak(
            text, least=config.security.password_min_length, about=[word for word in about if word]
        )
    except passwords.Weak as error:
        raise Refused(str(error)) from None
    return text


def _parsed(config: Config, raw: dict[str, Any]) -> records.Values:
    reader = records.reader(policy.SYSTEM, country=config.company.country, currency=config.company.currency)
    given = {key: value for key, value in raw.items() if value is not None}
    return records.parse(policy.SYSTEM, USER, given, reader)


def _person(username: str) -> Any:
    person = accounts.by_username(username)
    if person is None:
        raise Refused(f"nobody signs in as {username!r}")
    return person


def _role(key: str) -> int:
    known = {role.key: role.id for role in Role.select(Role.id, Role.key).where(Role.deleted_at.is_null())}
    if key not in known:
        raise click.UsageError(
            f"--role: no such role: {key}; there are {', '.join(sorted(known)) or 'none yet'}"
        )
    return int(known[key])


def _team(name: str) -> int:
    found = list(Team.select(Team.id).where(Team.name_fold == fold(name), Team.deleted_at.is_null()).limit(2))
    if len(found) != 1:
        raise click.UsageError(f"--team: {'several teams are' if found else 'no team is'} called {name!r}")
    return int(found[0].id)
