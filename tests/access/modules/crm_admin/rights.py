"""What each role may do with the core's entities, by group; a line of its own goes before that of its group."""

from __future__ import annotations

from tests.access.modules.module import Levels

#                          read   create update delete export import
RIGHTS: dict[str, dict[str, Levels]] = {
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
