"""What every address must answer to whom, and whether it may write: what follows from the table in `modules/`.

Nothing here is taken from the product: the rules are written a second time, from the issue. See docs/access.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.access.modules import ENTITIES, RIGHTS
from tests.access.modules.module import Noun, Row

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
    return all(stands(actor, "read", target, home(station, target)) for target in ENTITIES[entity].through)


def home(station: str, target: str = "account") -> str:
    """At which station the record of `target` stands that a record at this station is linked to."""
    if target == "contact" and station in CONTACT_OF:
        return CONTACT_OF[station]
    return {"binned": "rep", "binned_agent": "agent", **PARENT_OF}.get(station, station)


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


def expected(actor: str, row: Row, entity: str, station: str) -> Outcome:
    """What the address must answer to this actor."""
    if row.door == "open":
        return _open(actor, row)
    if row.door == "watch":
        # Figures go to programs of an administrator, and to the machine itself, which is not asking here.
        return Outcome(200 if actor == "admin" else 404)
    if row.door == "signed":
        return Outcome(403)
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
    if row.whole and level(actor, row.action, entity) != "all":
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
    if row.door == "signed":
        return 403
    if row.door == "api":
        return 401 if actor in WITHOUT_TOKEN else 200
    if actor in WITHOUT_SESSION:
        return 302
    if row.door == "administrators" and row.about != "record":
        return 200 if actor == "admin" else 403
    if row.door == "closed" and level(actor, "read", entity) == "none":
        return 404
    if row.action == "import":
        if level(actor, "read", entity) == "none":
            return 404
        return 200 if level(actor, "import", entity) != "none" else 403
    return 200


def wrong_method(actor: str, row: Row) -> int:
    """The answer to a method that the address does not know."""
    return 401 if row.door == "api" and actor in WITHOUT_TOKEN else 405
