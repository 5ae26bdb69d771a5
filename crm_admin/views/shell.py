"""What every page shows around its content: the person, the menu by role, the things they may create."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, g, request

from crm_admin import auth, log, policy, push, registry
from crm_admin.config import Config
from crm_admin.i18n import LANGUAGES, Text, lazy_gettext
from crm_admin.policy import Actor
from crm_admin.roles import ROLES

GROUPS: dict[str, Text] = {
    "sales": lazy_gettext("Sales"),
    "service": lazy_gettext("Service"),
    "activities": lazy_gettext("Activities"),
    "catalogue": lazy_gettext("Catalogue"),
    "setup": lazy_gettext("Set-up"),
}

CREATED_FIRST = ("account", "contact", "lead", "opportunity", "case", "task", "meeting")


@dataclass(frozen=True)
class MenuItem:
    key: str
    label: str
    icon: str
    url: str
    active: bool = False
    shortcut: str = ""
    count: int | None = None


@dataclass(frozen=True)
class MenuGroup:
    label: str
    items: list[MenuItem] = field(default_factory=list)


@dataclass(frozen=True)
class Me:
    """The signed-in person as the frame of the page shows them."""

    id: int
    name: str
    initials: str
    username: str
    language: str
    theme: str
    role_label: str
    avatar_hue: int


@dataclass(frozen=True)
class MenuLink:
    """A page that a module puts into the menu; `shown(actor)` says to whom. Without a group it stands beside home."""

    group: str
    key: str
    label: Text
    icon: str
    url: str
    shown: Any
    shortcut: str = ""


_links: list[MenuLink] = []


def link(item: MenuLink) -> None:
    """Put a page into the menu, behind the entities of its group. The same key again replaces it."""
    _links[:] = [kept for kept in _links if kept.key != item.key]
    _links.append(item)


@dataclass(frozen=True)
class Script:
    """A script that a module runs on every page of those for whom `shown(actor)`; `address()` is where it is.

    `texts`: what it says, by the names under which it asks `crm.text`.
    """

    key: str
    address: Callable[[], str]
    shown: Callable[[Actor], bool]
    texts: dict[str, Text] = field(default_factory=dict)


_scripts: dict[str, Script] = {}


def run(script: Script) -> None:
    """Put a script on every page. The same key again replaces it."""
    _scripts[script.key] = script


def install(app: Flask, config: Config, static: Path) -> None:
    """Give templates their frame: `me`, `menu`, `creatable`, `asset()` and the names of things."""

    @cache
    def digest(path: str) -> str:
        file = static / path
        return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"

    def asset(path: str) -> str:
        """Address of a static file; it changes with the content, so that browsers may keep it for ever."""
        return f"/static/{path}?v={digest(path)}"

    def around() -> dict[str, Any]:
        person = g.get("user")
        frame: dict[str, Any] = {
            "app_name": config.company.name,
            "language": auth.current_language(),
            "languages": list(LANGUAGES.items()),
            "request_id": log.request_id(),
            "me": None,
            "menu": [],
            "creatable": [],
            "push_url": "",
            "module_scripts": [],
            "module_texts": {},
        }
        if person is not None:
            scripts = [script for script in _scripts.values() if script.shown(g.actor)]
            frame |= {
                "module_scripts": [script.address() for script in scripts],
                "module_texts": {key: str(text) for script in scripts for key, text in script.texts.items()},
                "me": _me(person),
                "menu": menu(g.actor),
                "creatable": creatable(g.actor),
                "push_url": push_address(config),
            }
        return frame

    app.jinja_env.globals["asset"] = asset
    app.context_processor(around)


def menu(actor: Actor) -> list[MenuGroup]:
    """The side bar: home, then what this person may see, by group."""
    path = request.path
    home = MenuItem("home", str(lazy_gettext("Home")), "home", "/", path == "/", "h")
    groups = [MenuGroup("", [home, *_linked(actor, "", path)])]
    for key, label in GROUPS.items():
        items = [
            MenuItem(
                e.key,
                str(e.plural),
                e.icon,
                f"/admin/{e.key}/",
                path.startswith(f"/admin/{e.key}/"),
                e.shortcut,
            )
            for e in registry.entities()
            if e.menu == key and policy.level(actor, "read", e.key).rank and _belongs(actor, e.key, key)
        ]
        items += _linked(actor, key, path)
        if items:
            groups.append(MenuGroup(str(label), items))
    return groups


def _linked(actor: Actor, group: str, path: str) -> list[MenuItem]:
    """The modules' pages of a group; of pages one below the other, only the one that is open counts as such."""
    here = max((item.url for item in _links if path.startswith(item.url)), key=len, default="")
    return [
        MenuItem(item.key, str(item.label), item.icon, item.url, item.url == here, item.shortcut)
        for item in _links
        if item.group == group and item.shown(actor)
    ]


def creatable(actor: Actor) -> list[MenuItem]:
    """What the "create" button offers, the usual things first."""
    found = []
    for key in CREATED_FIRST:
        definition = registry.find(key)
        if definition is not None and policy.level(actor, "create", key).rank:
            found.append(MenuItem(key, str(definition.label), definition.icon, f"/admin/{key}/new/"))
    return found


def push_address(config: Config) -> str:
    """Where this session's browser listens for events."""
    base = config.push.public_url.rstrip("/") or f"http://{config.web.host}:{config.push.port}"
    return f"{base}/events?token={push.token(config, g.user.id, g.session.token_hash)}"


def _belongs(actor: Actor, entity: str, group: str) -> bool:
    """Set-up is in the menu of those who may change something there; the others meet it through links."""
    return group != "setup" or any(
        policy.level(actor, a, entity).rank for a in ("create", "update", "delete")
    )


def _me(person: Any) -> Me:
    role = g.actor.rights.role
    return Me(
        id=person.id,
        name=person.name,
        initials=initials(person.name),
        username=person.username,
        language=g.language,
        theme=person.theme or "auto",
        role_label=str(ROLES[role].label) if role in ROLES else role,
        avatar_hue=person.id * 47 % 360,
    )


def initials(name: str) -> str:
    """One or two letters for a person: first and last word, or the given name in Chinese characters."""
    words = name.split()
    if not words:
        return "?"
    if ord(words[0][0]) >= 0x2E80:
        return name[-2:] if len(name) <= 4 else name[:2]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
