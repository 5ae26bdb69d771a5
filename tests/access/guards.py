"""Every place at which the product asks whether somebody may: found by reading its source, and what watches over it.

A question put to `policy` is a guard; to remove it is to put it in the name of the system, which may do everything.
The other guards (the doors, the predicates themselves, rows that belong to one person) stand in `OTHERS`, word by word.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

QUESTIONS = frozenset({"scope", "fields", "level", "can", "predicate", "visible", "may_assign"})

SYSTEM = "policy.SYSTEM"


@dataclass(frozen=True)
class Guard:
    """A piece of source that keeps somebody out, and what stands there when it is gone."""

    file: str
    function: str
    text: str
    without: str
    place: int
    """Offset of `text` in the file, in bytes of its UTF-8."""

    @property
    def key(self) -> str:
        return f"{self.file}:{self.function}"

    def removed_from(self, source: str) -> str:
        """The source without this guard. Raises LookupError when it does not stand where it stood."""
        raw, old = source.encode(), self.text.encode()
        if raw[self.place : self.place + len(old)] != old:
            raise LookupError(f"{self.key}: the source has moved on: {self.text!r}")
        return (raw[: self.place] + self.without.encode() + raw[self.place + len(old) :]).decode()


def questions(root: Path) -> Iterator[Guard]:
    """Every question to the judge in the package below `root`, in the judge's own file as well."""
    for path in sorted(root.rglob("*.py")):
        file = path.relative_to(root.parent).as_posix()
        if "/seeds/" in file or "/migrations/" in file:
            continue
        source = path.read_text(encoding="utf-8")
        yield from _in_source(file, source)


def _in_source(file: str, source: str) -> Iterator[Guard]:
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + column

    def walk(node: ast.AST, names: tuple[str, ...]) -> Iterator[Guard]:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Lambda):
                inner = (*names, getattr(child, "name", "<lambda>"))
            if isinstance(child, ast.Call) and _is_question(child, file) and child.args:
                asked = child.args[0]
                begin, end = (
                    offset(asked.lineno, asked.col_offset),
                    offset(asked.end_lineno or 0, asked.end_col_offset or 0),
                )
                text = source.encode()[begin:end].decode()
                system = "SYSTEM" if file.endswith("/policy.py") else SYSTEM
                if "SYSTEM" not in text and text not in ("someone", "compiled_for", "*args"):
                    yield Guard(file, ".".join(inner), text, system, begin)
            yield from walk(child, inner)

    yield from walk(ast.parse(source), ())


def _is_question(call: ast.Call, file: str) -> bool:
    name = call.func
    if isinstance(name, ast.Attribute):
        return isinstance(name.value, ast.Name) and name.value.id == "policy" and name.attr in QUESTIONS
    return False


def others(root: Path) -> Iterator[Guard]:
    """The guards that are no question to the judge. Raises LookupError for one that is not there any more."""
    for file, function, text, without in OTHERS:
        source = (root.parent / file).read_text(encoding="utf-8")
        count = source.count(text)
        if count != 1:
            raise LookupError(
                f"{file}: {text!r} stands there {count} times, not once; see tests/access/guards.py"
            )
        yield Guard(file, function, text, without, len(source[: source.index(text)].encode()))


OTHERS: tuple[tuple[str, str, str, str], ...] = (
    # the judge
    ("crm_admin/policy.py", "_nothing", '-> Node:\n    return SQL("1 = 0")', '-> Node:\n    return SQL("1 = 1")'),
    ("crm_admin/policy.py", "_own", "return model.owner == actor.id if", 'return SQL("1 = 1") if'),
    ("crm_admin/policy.py", "_team", "return own | model.team.in_(sorted(actor.teams))", 'return SQL("1 = 1")'),
    ("crm_admin/policy.py", "level", " or not _in_scopes(actor, action, entity)", ""),
    ("crm_admin/policy.py", "level", "if actor.is_administrator:\n        return LEVELS", "if True:\n        return LEVELS"),
    ("crm_admin/policy.py", "can", 'dict.fromkeys(("read", action))]\n    if not any', "()]\n    if not any"),
    ("crm_admin/policy.py", "scope", "query = query.where(model.deleted_at.is_null())", "query = query"),
    ("crm_admin/policy.py", "scope", "            query = query.where(reach)\n", "            query = query.where()\n"),
    ("crm_admin/policy.py", "predicate", "if definition.through is not None:", "if False:"),
    ("crm_admin/policy.py", "_through", 'entity_column.is_null() & _own(actor, definition, model)', "entity_column.is_null()"),
    ("crm_admin/policy.py", "_through", 'if level(actor, "read", target).rank == 0:', "if False:"),
    ("crm_admin/policy.py", "_through", "visible(actor, target, id_column)", "visible(SYSTEM, target, id_column)"),
    ("crm_admin/policy.py", "_through", "return visible(actor, str", "return visible(SYSTEM, str"),
    ("crm_admin/policy.py", "visible", "if limit is not None:\n        seen =", "if False:\n        seen ="),
    ("crm_admin/policy.py", "fields", ' or level(actor, "read", entity).rank == 0', ""),
    ("crm_admin/policy.py", "_field_allowed", 'if mode == "write" and (target.system or target.kind.computed):', "if False:"),
    ("crm_admin/policy.py", "_field_allowed", 'if mode == "write" and target.key in ("owner", "team"):', "if False:"),
    ("crm_admin/policy.py", "_field_allowed", "if actor.is_administrator:\n        return True", "if True:\n        return True"),
    ("crm_admin/policy.py", "_field_allowed", "if decided is not None:", "if False:"),
    ("crm_admin/policy.py", "_field_allowed", "if target.private:", "if False:"),
    ("crm_admin/policy.py", "may_assign", "    if reach.rank == 0:\n        return False\n    own_team", "    if reach.rank == 0:\n        return True\n    own_team"),
    ("crm_admin/policy.py", "may_assign", "return own_team and (owner", "return own_team or (owner"),
    # the way in
    ("crm_admin/auth/identity.py", "install.<locals>.admit", "if g.user is None and not _is_among(_public):", "if False:"),
    ("crm_admin/auth/identity.py", "install.<locals>.admit", "csrf.protect()", "pass"),
    ("crm_admin/auth/identity.py", "_become", "policy.actor(person, policy_version, scopes)", "policy.actor(person, policy_version, None)"),
    ("crm_admin/auth/sessions.py", "find", "            User.active == Value(True),\n", ""),
    ("crm_admin/auth/sessions.py", "find", "            Session.role == User.role,\n", ""),
    ("crm_admin/auth/sessions.py", "end", "Session.id == session_id, Session.user == user_id", "Session.id == session_id"),
    ("crm_admin/auth/tokens.py", "authenticate", "            User.active == Value(True),\n", ""),
    ("crm_admin/auth/tokens.py", "authenticate", " or not token.is_live", ""),
    ("crm_admin/auth/tokens.py", "revoke", "    if owner is not None:\n", "    if False:\n"),
    ("crm_admin/auth/views.py", "revoke_token", "owner=None if g.actor.is_administrator else g.user.id", "owner=None"),
    ("crm_admin/auth/views.py", "all_tokens", "if not g.actor.is_administrator:", "if False:"),
    ("crm_admin/api/door.py", "identify", "if auth.identify_program() is not None:", "auth.identify_program()\n    if True:"),
    ("crm_admin/views/operations.py", "metrics", "if not is_trusted():", "if False:"),
    ("crm_admin/views/roles_page.py", "for_administrators", "if not actor().is_administrator:", "if False:"),
    ("crm_admin/views/jobs_page.py", "for_administrators", "if not actor().is_administrator:", "if False:"),
    ("crm_admin/views/password_link_page.py", "make", "if not actor().is_administrator:", "if False:"),
    # writing
    ("crm_admin/records/parsing.py", "parse", "if field is None or key not in writable:", "if field is None:"),
    ("crm_admin/records/permission.py", "check", "if writable is not None and key not in writable and not automatic:", "if False:"),
    ("crm_admin/records/permission.py", "check", "elif not _visible(actor, field.kind.references(value, field), field, record):", "elif False:"),
    ("crm_admin/records/permission.py", "check", "if not _assignable(actor, definition, owner, team, record):", "if False:"),
    ("crm_admin/records/reading.py", "lock.<locals>.held", "policy.scope(*args, ", "policy.scope(policy.SYSTEM, *args[1:], "),
    ("crm_admin/records/saving.py", "_save_children", "!= parent.id:", "!= getattr(current, definition.fields[part.via].name):"),
    ("crm_admin/records/saving.py", "update", "history.hand_over((definition.key, current.id), current.owner, current.team)", "pass"),
    # reading
    ("crm_admin/listing.py", "parse", "name not in readable or ", ""),
    ("crm_admin/listing.py", "_sort", " or target.key not in readable", ""),
    ("crm_admin/search.py", "condition", "if all(field.key in readable for field in definition.search_fields):", "if True:"),
    ("crm_admin/history.py", "timeline", "            _subject_visible(actor, entity, record_id),\n", ""),
    ("crm_admin/history.py", "timeline", "            _reference_visible(actor),\n", ""),
    ("crm_admin/history.py", "_reach", "if predicate is None or definition.through is not None:", "if True:"),
    ("crm_admin/history.py", "_line", 'if key in readable or not _is_field(row.ref_entity, key)', "if True"),
    ("crm_admin/history.py", "_line", "for key, pair in data[\"changes\"].items() if key in readable}", "for key, pair in data[\"changes\"].items()}"),
    ("crm_admin/audit.py", "trail", "if key in readable or (key not in known and actor.is_administrator)", "if True"),
    ("crm_admin/views/preferences.py", "forget_view", "SavedView.id == view_id, own", "SavedView.id == view_id"),
    ("crm_admin/views/preferences.py", "views", "SavedView.entity == entity, visible", "SavedView.entity == entity"),
    ("crm_admin/views/dispatcher.py", "Dispatcher.compiled", ", actor().profile)", ', "one")'),
    ("crm_admin/views/home_page.py", "_rows", "record.late_by <= readable and ", ""),
    ("crm_admin/views/board_page.py", "_card", "record.late_by <= readable and ", ""),
    ("crm_admin/exchange/batch.py", "of", " or not (actor.is_administrator or found.user == actor.id)", ""),
    ("crm_admin/exchange/batch.py", "recent", "query if actor.is_administrator else query.where(Import.user == actor.id)", "query"),
)  # fmt: skip
"""File, function, text that stands there once, text without the guard."""


def every(root: Path) -> list[Guard]:
    """All guards."""
    return [*questions(root), *others(root)]


def names(guards: list[Guard]) -> list[str]:
    """A name for each, unique and stable as long as its function keeps the same questions."""
    seen: Counter[str] = Counter()
    found = []
    for guard in guards:
        seen[guard.key] += 1
        found.append(f"{guard.key}#{seen[guard.key]}")
    return found
