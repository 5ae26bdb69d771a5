"""Every guard of the product is known and watched; scripts/remove_guards.py takes them out one by one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import crm_admin
from tests.access import guards, test_rights_change, test_rules, watch

ROOT = Path(crm_admin.__file__).resolve().parent

QUESTION = re.compile(r"\bpolicy\.(scope|fields|level|can|predicate|visible|may_assign)\(")


def test_every_guard_is_watched() -> None:
    """A new question to the judge, or a guard whose text has moved on, fails here until somebody says who watches it."""
    for name in guards.names(guards.every(ROOT)):
        assert watch.watched(name)


def test_no_question_is_overlooked() -> None:
    """What the syntax tree finds is what a plain search finds, but for questions of the system and about a role."""
    found = {(guard.file, _line(guard)) for guard in guards.questions(ROOT)}
    for path in sorted(ROOT.rglob("*.py")):
        file = path.relative_to(ROOT.parent).as_posix()
        if "/seeds/" in file or "/migrations/" in file or file.endswith("/policy.py"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if QUESTION.search(line) and not re.search(
                r"\((policy\.SYSTEM|someone|compiled_for|\*args)", line
            ):
                assert (file, number) in found, f"{file}:{number}"


def test_what_watches_is_there() -> None:
    for probes in watch.WATCH.values():
        for probe in probes:
            name, _, rest = probe.partition(" ")
            if name == "change":
                assert hasattr(test_rules, f"test_{rest}") or hasattr(test_rights_change, f"test_{rest}"), (
                    probe
                )


def test_a_guard_is_removed_and_nothing_else() -> None:
    for guard in guards.every(ROOT):
        source = (ROOT.parent / guard.file).read_text(encoding="utf-8")
        without = guard.removed_from(source)
        ast.parse(without)
        assert len(without) - len(source) == len(guard.without) - len(guard.text)


def _line(guard: guards.Guard) -> int:
    source = (ROOT.parent / guard.file).read_bytes()
    return source[: guard.place].count(b"\n") + 1
