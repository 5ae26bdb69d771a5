"""THE TABLE, written by hand: what every address answers to whom, and whether it may write.

Nothing here is taken from the product: rights, ownership and addresses are written a second time, from the issue.
When the product and this table differ, one of the two is wrong, and a person decides which. See docs/access.md.
"""

from __future__ import annotations

from dataclasses import dataclass

# ── who ─────────────────────────────────────────────────────────────────────────────────────────────
ROLE_OF = {
    "admin": "administrator",
    "supervisor": "supervisor",
    "agent": "agent",
    "office": "back_office",
    "rep": "field_rep",
    "rep2": "field_rep",
    "viewer": "viewer",
    "clerk": "clerk",
    "reader": "back_office",
    "program": "field_rep",
}
"""The clerk has a role made on the rights page. The reader is a token of the office person that may only read; the
program is a token of the rep without a session."""

TEAM_OF = {
    "supervisor": "call",
    "agent": "call",
    "rep": "field",
    "rep2": "field",
    "clerk": "field",
    "program": "field",
}

PERSON_OF = {"program": "rep", "reader": "office"}
"""Tokens act as somebody."""

STRANGERS = ("stranger", "disabled")
"""Nobody, and somebody who was shut out while their session and their token were open."""

ACTORS = (*STRANGERS, *(actor for actor in ROLE_OF if actor != "rep2"))
"""Those who are asked. What rep2 may do is what the rep may do; rep2 is there to have records that are not the rep's."""

WITHOUT_SESSION = (*STRANGERS, "reader", "program")
WITHOUT_TOKEN = STRANGERS

# ── rights ──────────────────────────────────────────────────────────────────────────────────────────
ACTIONS = ("read", "create", "update", "delete", "export", "import")

#                          read   create update delete export import
RIGHTS: dict[str, dict[str, tuple[str, str, str, str, str, str]]] = {
    "administrator": {
        "customer":       ("all", "all", "all", "all", "all", "all"),
        "activity":       ("all", "all", "all", "all", "all", "all"),
        "detail":         ("all", "all", "all", "all", "all", "all"),
        "catalogue":      ("all", "all", "all", "all", "all", "all"),
        "people":         ("all", "all", "all", "all", "all", "all"),
        "setup":          ("all", "all", "all", "all", "all", "all"),
    },
    "supervisor": {
        "customer":       ("all", "all", "all", "all", "all", "all"),
        "activity":       ("all", "all", "all", "all", "all", "none"),
        "detail":         ("all", "all", "all", "all", "all", "none"),
        "catalogue":      ("all", "all", "all", "none", "all", "none"),
        "people":         ("all", "none", "none", "none", "none", "none"),
        "setup":          ("all", "none", "none", "none", "none", "none"),
    },
    "agent": {
        "customer":       ("all", "all", "all", "own", "none", "none"),
        "activity":       ("team", "all", "own", "own", "none", "none"),
        "detail":         ("all", "all", "own", "own", "none", "none"),
        "catalogue":      ("all", "none", "none", "none", "none", "none"),
        "people":         ("all", "none", "none", "none", "none", "none"),
        "setup":          ("all", "none", "none", "none", "none", "none"),
    },
    "back_office": {
        "customer":       ("all", "all", "all", "all", "all", "all"),
        "activity":       ("all", "all", "all", "own", "all", "none"),
        "detail":         ("all", "all", "all", "all", "all", "none"),
        "catalogue":      ("all", "all", "all", "all", "all", "all"),
        "people":         ("all", "none", "none", "none", "none", "none"),
        "setup":          ("all", "none", "none", "none", "none", "none"),
    },
    "field_rep": {
        "customer":       ("own", "own", "own", "none", "none", "none"),
        "activity":       ("own", "own", "own", "own", "none", "none"),
        "detail":         ("all", "all", "own", "own", "none", "none"),
        "catalogue":      ("all", "none", "none", "none", "none", "none"),
        "people":         ("all", "none", "none", "none", "none", "none"),
        "setup":          ("all", "none", "none", "none", "none", "none"),
    },
    "viewer": {
        "customer":       ("all", "none", "none", "none", "none", "none"),
        "activity":       ("all", "none", "none", "none", "none", "none"),
        "detail":         ("all", "none", "none", "none", "none", "none"),
        "catalogue":      ("all", "none", "none", "none", "none", "none"),
        "people":         ("all", "none", "none", "none", "none", "none"),
        "setup":          ("all", "none", "none", "none", "none", "none"),
    },
    # By entity, not by group: what an administrator has decided for the clerk.
    "clerk": {
        "account":        ("team", "own", "own", "none", "team", "none"),
        "task":           ("own", "own", "own", "own", "none", "none"),
        "tag":            ("all", "all", "all", "none", "none", "all"),
        "note":           ("all", "own", "own", "none", "none", "none"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Noun:
    """An entity as this table knows it. `held`: owned by people, shared by all, or seen through other records."""

    group: str
    held: str
    creatable: bool = True
    board: bool = False
    history: bool = False


ENTITIES: dict[str, Noun] = {
    "account": Noun("customer", "owned", history=True),
    "contact": Noun("customer", "owned", history=True),
    "account_contact": Noun("detail", "through"),
    "lead": Noun("customer", "owned", board=True, history=True),
    "opportunity": Noun("customer", "owned", board=True, history=True),
    "case": Noun("customer", "owned", board=True, history=True),
    "task": Noun("activity", "owned", board=True),
    "meeting": Noun("activity", "owned"),
    "note": Noun("detail", "through"),
    "attachment": Noun("detail", "through", creatable=False),
    "product": Noun("catalogue", "shared"),
    "tag": Noun("catalogue", "shared"),
    "user": Noun("people", "shared"),
    "team": Noun("people", "shared"),
    "role": Noun("setup", "shared"),
    "territory": Noun("setup", "shared"),
    "pipeline": Noun("setup", "shared"),
    "stage": Noun("setup", "shared"),
    "currency": Noun("setup", "shared"),
}

# ── whose ───────────────────────────────────────────────────────────────────────────────────────────
OWNERS: dict[str, tuple[str | None, str | None]] = {
    "rep": ("rep", "field"),
    "rep2": ("rep2", "field"),
    "agent": ("agent", "call"),
    "office": ("office", None),
    "unassigned": (None, None),
    "binned": ("rep", "field"),
    "binned_agent": ("agent", "call"),
    "stray": ("rep", "field"),
    "guest": ("rep2", "field"),
}
"""Owner and team of the record that stands at each station."""

PARENT_OF = {"stray": "rep2", "guest": "rep"}
"""Through which account a note, file or link is seen, where it is not that of its own station: the stray is the rep's
own note about a customer of rep2, the guest a note of rep2 about a customer of the rep."""

CONTACT_OF = {"guest": "rep2"}
"""Whose the contact of a link is, where it is not whose the account is: who may not see one end does not see the link."""

BINNED = ("binned", "binned_agent")

STATIONS: dict[str, tuple[str, ...]] = {
    "owned": ("rep", "rep2", "agent", "office", "unassigned", *BINNED, "missing"),
    "through": ("rep", "rep2", "agent", "office", "unassigned", *BINNED, "stray", "guest", "missing"),
    "shared": ("shared", "binned", "missing"),
}


def level(actor: str, action: str, entity: str) -> str:
    """The level of an actor for an action, read from the table above."""
    if actor in STRANGERS or (actor == "reader" and action not in ("read", "export")):
        return "none"
    granted = RIGHTS[ROLE_OF[actor]]
    row = granted.get(entity) or granted.get(ENTITIES[entity].group)
    return row[ACTIONS.index(action)] if row else "none"


def reaches(how_far: str, actor: str, entity: str, station: str) -> bool:
    """Whether a level reaches the record at a station by its owner and team."""
    if how_far in ("none", "all"):
        return how_far == "all"
    if ENTITIES[entity].held == "shared":
        return False
    owner, team = OWNERS[station]
    if owner is not None and owner == PERSON_OF.get(actor, actor):
        return True
    return how_far == "team" and team is not None and team == TEAM_OF.get(actor)


def stands(actor: str, action: str, entity: str, station: str) -> bool:
    """Whether the actor may do the action with the record, in the bin or not; to see it is part of everything."""
    if station == "missing":
        return False
    if not all(reaches(level(actor, needed, entity), actor, entity, station) for needed in ("read", action)):
        return False
    if ENTITIES[entity].held != "through":
        return True
    parent = {"binned": "rep", "binned_agent": "agent", **PARENT_OF}.get(station, station)
    if entity == "account_contact":
        contact = CONTACT_OF.get(station, parent)
        if not reaches(level(actor, "read", "contact"), actor, "contact", contact):
            return False
    return reaches(level(actor, "read", "account"), actor, "account", parent)


def may(actor: str, action: str, entity: str, station: str) -> bool:
    """The same for a record that is not in the recycle bin."""
    return station not in BINNED and stands(actor, action, entity, station)


# ── what an address answers ─────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Outcome:
    """A status, whether the database is another afterwards, and for rows of a bulk request the row's own status."""

    status: int
    writes: bool = False
    row: int | None = None


@dataclass(frozen=True)
class Row:
    """One address and method.

    `door`: page (signed in), api (token), open (everybody), administrators (403 to others), hidden (404 to others).
    `about`: "" nothing, entity, record, bin, ticked (records named in the form), batch, row (of a bulk request),
    door, sign-in, leave, form (what strangers fill in), mine (a session or token of one's own). `action` is what it takes, `ok` the status when it is allowed, `needs` a
    feature without which there is no such page; `only` is the entity that the address is about, where it is always one;
    `shared` says that an open page stands at the same address.
    """

    door: str
    about: str = ""
    action: str = "read"
    ok: int = 200
    writes: bool = False
    needs: str = ""
    only: str = ""
    shared: bool = False


def _read(about: str, **more: str) -> Row:
    return Row("page", about, **more)  # type: ignore[arg-type]


def _write(about: str, action: str, ok: int = 302, needs: str = "") -> Row:
    return Row("page", about, action, ok, True, needs)


ROWS: dict[str, Row] = {
    # pages of an entity
    "GET record.index_view": _read("entity"),
    "GET record.create_view": _read("entity", action="create", needs="creatable"),
    "POST record.create_view": _write("entity", "create", needs="creatable"),
    "GET record.details_view": _read("record"),
    "GET record.panels_view": _read("record"),
    "GET record.history_view": _read("record", needs="history"),
    "GET record.audit_view": _read("record"),
    "GET record.edit_view": _read("record", action="update"),
    "POST record.edit_view": _write("record", "update"),
    "GET record.field_view": _read("record", action="update"),
    "POST record.field_view": _write("record", "update", 200),
    "POST record.delete_view": _write("record", "delete"),
    "POST record.restore_view": _write("bin", "delete"),
    "GET record.bin_view": _read("entity", action="delete"),
    "POST record.action_view": _write("ticked", "delete"),
    "GET record.export": Row("page", "entity", "export", 200, writes=True),
    "GET record.board_view": _read("entity", needs="board"),
    "POST record.move_view": _write("record", "update", 200, needs="board"),
    "GET record.lookup_view": _read("entity"),
    "GET record.filter_view": _read("entity"),
    "POST record.columns_view": _write("entity", "read"),
    "GET record.views_view": _read("entity"),
    "POST record.views_view": _write("entity", "read"),
    # Flask-Admin brings these two addresses; our view has nothing behind them.
    "GET record.ajax_lookup": _read("entity", needs="nothing"),
    "POST record.ajax_update": _read("entity", needs="nothing"),
    "GET admin.index": Row("page"),
    "GET admin.static": Row("open", ok=404),
    "GET static": Row("open"),
    # imports
    "GET imports.begin": _read("entity", action="import"),
    "POST imports.upload": _write("entity", "import", 303),
    "GET imports.plan": _read("batch", action="import"),
    "POST imports.keep_plan": _write("batch", "import", 303),
    "GET imports.preview": _read("batch", action="import"),
    "POST imports.start": _write("batch", "import", 303),
    "GET imports.result": Row("page", "batch", "import", 303),
    "GET imports.progress": _read("batch", action="import"),
    "GET imports.failed": _read("batch", action="import"),
    "POST imports.take_back": Row("page", "batch", "import", 303),
    "POST imports.stop": Row("page", "batch", "import", 303),
    "POST imports.again": Row("page", "batch", "import", 303),
    # pages of no entity
    "GET pages.home": Row("page"),
    "GET pages.results": Row("page"),
    "GET pages.suggest": Row("page"),
    "GET pages.file": Row("page", "record", only="attachment"),
    "GET conversion.convert_lead": Row("page", "record", "update", only="lead"),
    "POST conversion.convert_lead": Row("page", "record", "update", 302, True, only="lead"),
    "POST password_links.make": Row("administrators", "record", "update", only="user"),
    "GET roles.index": Row("administrators"),
    "GET roles.matrix": Row("administrators"),
    "POST roles.save": Row("administrators", ok=302, writes=True),
    "GET roles.fields": Row("administrators", "noun"),
    "POST roles.save_fields": Row("administrators", "noun", ok=302, writes=True),
    "GET jobs.index": Row("administrators"),
    "POST jobs.change": Row("administrators", ok=302, writes=True),
    # the person's own
    "GET auth.login": Row("open", "door"),
    "POST auth.sign_in": Row("open", "sign-in", ok=422),
    "GET auth.leave": Row("open", "leave"),
    "POST auth.logout": Row("page", ok=303, shared=True),
    "GET auth.choose_password": Row("open", ok=404),
    "POST auth.set_chosen_password": Row("open", "form", ok=404),
    "GET auth.profile": Row("page"),
    "POST auth.save_settings": Row("page", ok=303, writes=True),
    "POST auth.switch_language": Row("page", ok=303, writes=True),
    "POST auth.switch_theme": Row("page", ok=303, writes=True),
    "POST auth.change_password": Row("page", ok=422),
    "POST auth.end_session": Row("page", "mine", ok=303),
    "POST auth.end_other_sessions": Row("page", ok=303),
    "POST auth.add_token": Row("page"),
    "POST auth.revoke_token": Row("page", "mine or any", ok=303),
    "GET auth.all_tokens": Row("hidden"),
    # machines that watch us; asked from another host
    "GET operations.healthz": Row("open"),
    "GET operations.readyz": Row("open", ok=503),
    "GET operations.metrics": Row("watch"),
    # programs
    "GET api.list_records": Row("api", "entity"),
    "POST api.create_record": Row("api", "entity", "create", 201, True, "creatable"),
    "GET api.get_record": Row("api", "record"),
    "PATCH api.change_record": Row("api", "record", "update", 200, True),
    "DELETE api.delete_record": Row("api", "record", "delete", 204, True),
    "POST api.restore_record": Row("api", "bin", "delete", 200, True),
    "GET api.get_history": Row("api", "record"),
    "POST api.save_many": Row("api", "row", "update", 200, True),
    "GET api.find": Row("api"),
    "GET api.find_by_phone": Row("api"),
    "GET api.list_entities": Row("api"),
    "GET api.get_entity": Row("api", "entity"),
    "GET api.describe": Row("api"),
}
"""`METHOD endpoint` → what it answers. HEAD answers like GET, OPTIONS as `options` says, any other method 405."""


def expected(actor: str, row: Row, entity: str, station: str) -> Outcome:
    """What the address must answer to this actor."""
    if row.door == "open":
        return _open(actor, row)
    if row.door == "watch":
        # Figures go to programs of an administrator, and to the machine itself, which is not asking here.
        return Outcome(200 if actor == "admin" else 404)
    if row.door == "api":
        return Outcome(401) if actor in WITHOUT_TOKEN else _api(actor, row, entity, station)
    if actor in WITHOUT_SESSION:
        return Outcome(302)
    if row.door in ("administrators", "hidden"):
        if actor != "admin":
            return Outcome(403 if row.door == "administrators" else 404)
        return _record(actor, row, entity, station) if row.about == "record" else Outcome(row.ok, row.writes)
    return _page(actor, row, entity, station)


def _open(actor: str, row: Row) -> Outcome:
    if row.about in ("form", "sign-in") and actor in ("reader", "program"):
        # A form is worth nothing without the cookie that came with it.
        return Outcome(400)
    if row.about == "leave":
        return Outcome(302 if actor in WITHOUT_SESSION else 200)
    if row.about in ("door", "sign-in") and actor not in WITHOUT_SESSION:
        return Outcome(303)
    return Outcome(row.ok)


def _page(actor: str, row: Row, entity: str, station: str) -> Outcome:
    if row.about in ("mine", "mine or any"):
        own = station == "own" or (row.about == "mine or any" and actor == "admin" and station == "foreign")
        return Outcome(row.ok if own else 404)
    if row.about == "":
        return Outcome(row.ok, row.writes)
    if level(actor, "read", entity) == "none":
        return Outcome(404)
    noun = ENTITIES[entity]
    missing_page = row.needs == "nothing" or (row.needs == "board" and not noun.board)
    if missing_page:
        return Outcome(404)
    allowed = level(actor, row.action, entity) != "none"
    if row.about == "entity":
        return Outcome(row.ok, row.writes) if allowed and _has(noun, row.needs) else Outcome(403)
    if row.about == "batch":
        if not allowed:
            return Outcome(403)
        seen = station == "own" or (station == "foreign" and actor == "admin")
        return Outcome(row.ok, row.writes) if seen else Outcome(404)
    if row.about == "ticked":
        return Outcome(row.ok, may(actor, row.action, entity, station)) if allowed else Outcome(403)
    if row.about == "bin":
        back = station in BINNED and stands(actor, row.action, entity, station)
        return Outcome(row.ok, row.writes) if back else Outcome(404)
    return _record(actor, row, entity, station)


def _record(actor: str, row: Row, entity: str, station: str) -> Outcome:
    if not may(actor, "read", entity, station):
        return Outcome(404)
    if not may(actor, row.action, entity, station):
        return Outcome(403)
    if not _has(ENTITIES[entity], row.needs):
        return Outcome(404)
    return Outcome(row.ok, row.writes)


def _api(actor: str, row: Row, entity: str, station: str) -> Outcome:
    if row.about == "":
        return Outcome(row.ok)
    if level(actor, "read", entity) == "none":
        return Outcome(404)
    if row.about == "entity":
        if not _has(ENTITIES[entity], row.needs):
            return Outcome(405)
        return Outcome(row.ok, row.writes) if level(actor, row.action, entity) != "none" else Outcome(403)
    if row.about == "row":
        inner = _record(actor, row, entity, station)
        return Outcome(200, inner.writes, inner.status)
    if row.about == "bin":
        if station in BINNED and stands(actor, row.action, entity, station):
            return Outcome(row.ok, True)
        # One that is not in the bin is answered as it stands.
        found = _record(actor, row, entity, station)
        return Outcome(found.status)
    return _record(actor, row, entity, station)


def _has(noun: Noun, needs: str) -> bool:
    return {"": True, "creatable": noun.creatable, "board": noun.board, "history": noun.history}.get(
        needs, False
    )


def options(actor: str, row: Row, entity: str) -> int:
    """The answer to OPTIONS: what methods there are, to whoever may know that there is a page."""
    if row.door in ("open", "watch") or row.shared:
        return 200
    if row.door == "api":
        return 401 if actor in WITHOUT_TOKEN else 200
    if actor in WITHOUT_SESSION:
        return 302
    if row.door == "administrators" and row.about != "record":
        return 200 if actor == "admin" else 403
    if row.action == "import":
        if level(actor, "read", entity) == "none":
            return 404
        return 200 if level(actor, "import", entity) != "none" else 403
    return 200


def wrong_method(actor: str, row: Row) -> int:
    """The answer to a method that the address does not know."""
    return 401 if row.door == "api" and actor in WITHOUT_TOKEN else 405
