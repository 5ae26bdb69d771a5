"""Every place at which the product asks whether somebody may: found by reading its source, and what watches over it.

A question put to `policy` is a guard; to remove it is to put it in the name of the system, which may do everything.
The other guards (the doors, the predicates themselves, rows that belong to one person) stand word by word in the
`guards.py` of each module of the table.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import crm_admin
from tests.access.modules import MODULES

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


ROOT = Path(crm_admin.__file__).resolve().parent.parent
"""Where the packages of the product are."""


def sources() -> Iterator[tuple[str, str]]:
    """File and source of everything that serves people: seeds and migrations ask nobody."""
    for module in MODULES:
        for path in sorted((ROOT / module.package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            if "/seeds/" not in file and "/migrations/" not in file:
                yield file, path.read_text(encoding="utf-8")


def questions() -> Iterator[Guard]:
    """Every question to the judge in every package, in the judge's own file as well."""
    for file, source in sources():
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


def others() -> Iterator[Guard]:
    """The guards that are no question to the judge. Raises LookupError for one that is not there any more."""
    for module in MODULES:
        for file, function, text, without in module.guards:
            source = (ROOT / file).read_text(encoding="utf-8")
            count = source.count(text)
            if count != 1:
                raise LookupError(
                    f"{file}: {text!r} stands there {count} times, not once; see tests/access/modules/{module.package}"
                )
            yield Guard(file, function, text, without, len(source[: source.index(text)].encode()))


def every() -> dict[str, Guard]:
    """All guards by name: unique, and stable as long as their function keeps the same questions.

    Without those that another guard makes redundant. Raises LookupError where such a one is not there any more.
    """
    seen: Counter[str] = Counter()
    found = {}
    for guard in (*questions(), *others()):
        seen[guard.key] += 1
        found[f"{guard.key}#{seen[guard.key]}"] = guard
    for module in MODULES:
        for name in module.redundant:
            if name not in found:
                raise LookupError(f"{name} is not there any more; see tests/access/modules/{module.package}")
            del found[name]
    return found
