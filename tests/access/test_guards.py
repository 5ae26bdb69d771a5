"""Every guard of the product is known and watched; scripts/remove_guards.py takes them out one by one."""

from __future__ import annotations

import ast
import re

from tests.access import guards, probes, watch
from tests.access.modules import WATCH

QUESTION = re.compile(r"\bpolicy\.(scope|fields|level|can|predicate|visible|may_assign)\(")
OF_NOBODY = re.compile(r"\((policy\.SYSTEM|someone|compiled_for|\*args)")


def test_every_guard_is_watched() -> None:
    """A new question to the judge, or a guard whose text has moved on, fails here until somebody says who watches it."""
    for name in guards.every():
        assert watch.watched(name)


def test_no_question_is_overlooked() -> None:
    """What the syntax tree finds is what a plain search finds, but for questions of the system and about a role."""
    found = {(guard.file, _line(guard)) for guard in guards.questions()}
    for file, source in guards.sources():
        if file.endswith("/policy.py"):
            continue
        for number, line in enumerate(source.splitlines(), 1):
            if QUESTION.search(line) and not OF_NOBODY.search(line):
                assert (file, number) in found, f"{file}:{number}"


def test_what_watches_is_there() -> None:
    for watching in WATCH.values():
        for probe in watching:
            name, _, rest = probe.partition(" ")
            assert name != "change" or probes.rule(rest), probe


def test_a_guard_is_removed_and_nothing_else() -> None:
    sources = dict(guards.sources())
    for guard in guards.every().values():
        source = sources[guard.file]
        without = guard.removed_from(source)
        ast.parse(without)
        assert len(without) - len(source) == len(guard.without) - len(guard.text)


def _line(guard: guards.Guard) -> int:
    source = (guards.ROOT / guard.file).read_bytes()
    return source[: guard.place].count(b"\n") + 1
