"""The shapes of which the table is made: a module of the product, its entities, its addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Levels = tuple[str, str, str, str, str, str]
"""How far somebody goes with read, create, update, delete, export and import."""


@dataclass(frozen=True)
class Noun:
    """An entity as this table knows it.

    `group`: the line of the rights that it follows, unless it has one of its own. `held`: owned by people, shared by
    all, or seen through other records, namely those that its links `through` lead to. The matrix changes the field
    `title` to `changed`; `new` is the least that a new record needs, `moved` where a card of its board is dropped.
    `placed` and `internal` are raw values of the records that stand in the world, beside the texts that it makes up by
    itself. Values may name a record that is there already, `{account}`, or differ by station.
    """

    group: str
    held: str
    creatable: bool = True
    board: bool = False
    history: bool = False
    through: tuple[str, ...] = ("account",)
    title: str = "name"
    changed: Any = "changed"
    new: Mapping[str, Any] = field(default_factory=lambda: {"name": "New"})
    moved: str = ""
    placed: Mapping[str, Any] = field(default_factory=dict)
    internal: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What one address answers to one method.

    `door`: page (signed in), closed (the same, but 404 to every method for who may not read what it is about), api (token), open (everybody), administrators (403 to others), hidden (404 to others),
    watch (figures for machines), signed (the provider, by a signature that nobody here has).
    `about`: "" nothing, entity, record, bin, ticked (records named in the form), batch, row (of a bulk request), door,
    sign-in, leave, form (what strangers fill in), mine (a session or token of one's own), noun. `action` is what it
    takes, `ok` the status when it is allowed, `writes` whether the data are others then, `needs` a feature without
    which there is no such page; `only` is the entity that the address is about, where it is always one; `shared` says
    that an open page stands at the same address.
    `whole`: the action is asked of somebody who may take it with every record, not with some.
    `query`, `form` (JSON for a program) and `values` (of the address) make the request one that would succeed; the
    latter two may name records, the one that the address is about as `{record}`.
    """

    door: str
    about: str = ""
    action: str = "read"
    ok: int = 200
    writes: bool = False
    needs: str = ""
    only: str = ""
    shared: bool = False
    whole: bool = False
    query: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Module:
    """A package of the product and everything that this table says of it.

    `rights`: role → group or entity → levels. `addresses`: `METHOD endpoint` → row. `guards`: file, function, a text
    that stands there once, the text without the guard. `watch`: beginning of a guard's name → probes. `redundant`:
    name of a question that keeps nobody out by itself → why. `furnish` puts into the world what is no record.
    """

    package: str
    entities: Mapping[str, Noun]
    rights: Mapping[str, Mapping[str, Levels]]
    addresses: Mapping[str, Row]
    guards: tuple[tuple[str, str, str, str], ...]
    watch: Mapping[str, tuple[str, ...]]
    redundant: Mapping[str, str] = field(default_factory=dict)
    furnish: Callable[[Any], None] = lambda world: None


def see(about: str, **more: Any) -> Row:
    """A page that is only looked at."""
    return Row("page", about, **more)


def change(about: str, action: str, ok: int = 302, **more: Any) -> Row:
    """A form that changes something when it is allowed."""
    return Row("page", about, action, ok, True, **more)
