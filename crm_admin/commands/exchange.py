"""`crm import` and `crm export`: records from a file and into one. Both act as the system: they may do everything."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from werkzeug.datastructures import MultiDict

from crm_admin import audit, db, listing, policy, records, registry
from crm_admin.commands.options import Refused, connected
from crm_admin.config import Config
from crm_admin.exchange import FORMATS, Export, columns, incoming, undo, write
from crm_admin.exchange import batch as imports
from crm_admin.exchange.batch import Import
from crm_admin.exchange.incoming import Unreadable
from crm_admin.exchange.row import MODES, Plan
from crm_admin.i18n import catalogue, force_locale
from crm_admin.kinds import Reader
from crm_admin.registry import EntityDef


@click.command("export")
@click.argument("entity")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="csv", show_default=True)
@click.option(
    "--filter", "filters", multiple=True, metavar="F=V", help="As in a list's address: name__contains=an."
)
@click.option("--keys", is_flag=True, help="For programs: keys as headers, cells exactly as they are.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
@connected
def export(
    config: Config, entity: str, form: str, filters: tuple[str, ...], keys: bool, output: Path | None
) -> None:
    """Write all records of ENTITY, or those that the filters let through, to a file."""
    with _application(config):
        definition = _known(entity)
        asked: Any = MultiDict(map(_pair, filters))
        query = listing.parse(policy.SYSTEM, definition, asked, limit=listing.MOST)
        if query.problems:
            raise click.UsageError(
                "; ".join(f"--filter {key}: {text}" for key, text in query.problems.items())
            )
        wanted = Export(policy.SYSTEM, query, _reader(config), keys=keys)
        pieces = write(wanted, form)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        else:
            _save(output, pieces)
        if query.problems:
            raise Refused("; ".join(f"--filter {key}: {text}" for key, text in query.problems.items()))


@click.command("import")
@click.argument("entity", required=False)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map", "maps", multiple=True, metavar="COL=FIELD", help="Where a column goes; COL= leaves it out."
)
@click.option(
    "--match", default=None, metavar="FIELD", help="Change the record with the same value of this field."
)
@click.option(
    "--mode", type=click.Choice(list(MODES)), default="both", show_default=True, help="What --match does."
)
@click.option("--overwrite", is_flag=True, help="Let empty cells empty the field.")
@click.option(
    "--encoding", type=click.Choice(list(filter(None, incoming.ENCODINGS))), help="Default: recognised."
)
@click.option("--dry-run", is_flag=True, help="Show what the rows would come to; save nothing.")
@click.option("--undo", "batch", type=int, metavar="BATCH", help="Take back the import of this number.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@connected
def import_(
    config: Config,
    entity: str | None,
    file: Path | None,
    maps: tuple[str, ...],
    match: str | None,
    mode: str,
    overwrite: bool,
    encoding: str | None,
    dry_run: bool,
    batch: int | None,
    as_json: bool,
) -> int:
    """Read records of ENTITY from FILE (CSV, .xlsx or JSON lines); or take an import back with --undo.

    Columns find their fields by key or by label in any language. Exit 1 when rows failed.
    """
    with _application(config):
        if batch is not None:
            return _undo(batch, as_json)
        if entity is None or file is None:
            raise click.UsageError("name an ENTITY and a FILE, or --undo BATCH")
        definition = _known(entity)
        try:
            made = imports.draft(
                policy.SYSTEM,
                definition,
                file.name,
                file.read_bytes(),
                _reader(config),
                encoding=encoding or "",
            )
            chosen = made.match if match is None else match
            plan = Plan(_mapped(made, definition, maps), chosen, mode, overwrite)
            if problems := plan.problems(policy.SYSTEM, definition):
                made.delete_instance()
                raise click.UsageError(" ".join(problems))
            made.mapping, made.match, made.mode, made.overwrite = (
                list(plan.mapping),
                plan.match,
                mode,
                overwrite,
            )
            made.save()
            return _try(made, as_json) if dry_run else _run(made, as_json)
        except Unreadable as error:
            raise Refused(f"{file}: {error}") from None


def _run(made: Import, as_json: bool) -> int:
    try:
        _shown("import", made.rows, lambda report: imports.run(policy.SYSTEM, made, report))
    except KeyboardInterrupt:
        imports.set_status(made, "cancelled")
        raise
    counts = {name: getattr(made, name) for name in ("created", "updated", "skipped", "failed")}
    _tell({"batch": made.id, **counts}, as_json)
    for line, told in imports.wrong(made):
        click.echo(f"row {line}: {told}", err=True)
    return int(made.failed > 0)


def _try(made: Import, as_json: bool) -> int:
    counts = dict.fromkeys(("create", "update", "skip", "error"), 0)
    for tried in imports.preview(policy.SYSTEM, made, rows=-1):
        counts[tried.outcome.action] += 1
        if tried.outcome.errors:
            click.echo(
                f"row {tried.line}: {imports.spelled(made.definition, tried.outcome.errors)}", err=True
            )
    _tell(counts, as_json)
    made.delete_instance()
    return int(counts["error"] > 0)


def _undo(number: int, as_json: bool) -> int:
    made = Import.get_or_none(Import.id == number)
    if made is None:
        raise Refused(f"there is no import number {number}")
    if not (made.can_be_undone or made.status == "undoing"):
        raise Refused(f"import {number} has nothing that could be taken back")
    _shown("undo", made.created + made.updated, lambda report: undo.run(policy.SYSTEM, made, report))
    _tell({"batch": made.id, "undone": made.taken_back, "kept": made.kept}, as_json)
    for row in undo.kept(made):
        click.echo(f"{made.entity} {row.record_id}: {undo.REASONS[row.undo]}", err=True)
    return int(made.kept > 0)


def _shown(label: str, length: int, work: Callable[[imports.Report], None]) -> None:
    """Run `work` with a progress bar, where somebody can see one."""
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        work(lambda done, _rows: bar.update(done - bar.pos))


def _tell(facts: dict[str, Any], as_json: bool) -> None:
    click.echo(
        json.dumps(facts) if as_json else ", ".join(f"{name} {value}" for name, value in facts.items())
    )


def _mapped(made: Import, definition: EntityDef, maps: tuple[str, ...]) -> tuple[str, ...]:
    """The proposed plan with what `--map` says instead."""
    known = {column.key for column in columns.of_import(policy.SYSTEM, definition)}
    mapping = list(made.mapping)
    for name, key in map(_pair, maps):
        if name not in made.header:
            raise click.UsageError(f"--map: the file has no column {name!r}; it has {', '.join(made.header)}")
        if key and key not in known:
            raise click.UsageError(f"--map: {definition.key} has no field {key!r} that can be set")
        mapping = ["" if place == key else place for place in mapping]
        mapping[made.header.index(name)] = key
    return tuple(mapping)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"{text!r} should be NAME=VALUE")
    return name, value


def _known(entity: str) -> EntityDef:
    definition = registry.find(entity)
    if definition is None:
        known = ", ".join(found.key for found in registry.entities())
        raise click.UsageError(f"there is no entity {entity!r}; there are {known}")
    return definition


def _reader(config: Config) -> Reader:
    company = config.company
    return records.reader(
        policy.SYSTEM,
        language=company.language,
        timezone=company.timezone,
        country=company.country,
        currency=company.currency,
    )


def _save(output: Path, pieces: Any) -> None:
    """The whole file or none: a broken export never looks like a finished one."""
    draft = output.with_name(f"{output.name}.part")
    try:
        with draft.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        draft.replace(output)
    except OSError as error:
        raise Refused(f"{output}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def _application(config: Config) -> ExitStack:
    """The application around a command: labels in all languages, and every module's entities."""
    # Late: `crm --help` must not pay for the application.
    from crm_admin.app import create_app  # noqa: PLC0415

    stack = ExitStack()
    stack.enter_context(create_app(config).app_context())
    stack.enter_context(db.connection())  # the application has connected anew
    stack.enter_context(force_locale(catalogue(config.company.language)))
    stack.enter_context(audit.coming_from(replace(audit.origin(), source="command")))
    return stack
