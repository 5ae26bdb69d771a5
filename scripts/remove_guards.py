"""Take every guard out of the product, one at a time, and show that the access tests notice.

    python scripts/remove_guards.py [--only TEXT] [--processes N] [--list]

A guard is a place where the product asks whether somebody may; tests/access/guards.py finds them. Its removal is a
change of the source; the function that it changes is compiled anew and put in the place of the one in memory, so that
one installation serves for all guards. Exits 1 when a guard can be removed without anybody noticing, or when one is
watched by no test.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.access import guards, probes  # noqa: E402 — only importable from the checkout
from tests.access.guards import Guard  # noqa: E402
from tests.access.test_matrix import House  # noqa: E402
from tests.access.watch import watched  # noqa: E402
from tests.installation import make_template  # noqa: E402


@dataclass
class Case:
    """One guard: its name, the probes that watch it, and what the first that noticed said."""

    name: str
    guard: Guard
    probes: tuple[str, ...]
    noticed: str = ""
    said: str = ""
    seconds: float = 0.0
    tried: list[str] = field(default_factory=list)


def main() -> int:
    """Run and print the table; the exit code."""
    options = _options()
    found = {name: guard for name, guard in guards.every().items() if options.only in name}
    cases = [Case(name, guard, watched(name)) for name, guard in found.items()]
    if options.list:
        for case in cases:
            print(f"{case.name:70} {case.guard.text!r} → {case.guard.without!r}   {', '.join(case.probes)}")
        return 0
    if options.processes > 1:
        return _shared(options)
    part, parts = options.part
    return _report(_run(cases[part::parts]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="guards whose name has this text in it")
    parser.add_argument("--processes", type=int, default=1, help="how many to run at once")
    parser.add_argument("--list", action="store_true", help="name the guards and their probes, run nothing")
    parser.add_argument(
        "--part", type=lambda text: tuple(map(int, text.split("/"))), default=(0, 1), help=argparse.SUPPRESS
    )
    return parser.parse_args()


def _shared(options: argparse.Namespace) -> int:
    """The same in several processes, each with its share of the guards and an installation of its own."""
    many = options.processes
    command = [sys.executable, __file__, "--only", options.only]
    running = [subprocess.Popen([*command, "--part", f"{part}/{many}"]) for part in range(many)]
    return max([process.wait() for process in running])


def _run(cases: list[Case]) -> list[Case]:
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        template = _template(Path(folder))
        for company, opened in probes.COMPANIES.items():
            left = [
                c for c in cases if not c.noticed and any(probes.company_of(p) == company for p in c.probes)
            ]
            if not left:
                continue
            place = Path(folder) / company
            place.mkdir()
            with opened(template, place) as house:
                _must_be_green(house, {p for c in left for p in c.probes if probes.company_of(p) == company})
                for case in left:
                    _try(house, case, [p for p in case.probes if probes.company_of(p) == company])
    return cases


def _must_be_green(house: House, wanted: set[str]) -> None:
    """A probe that finds something wrong while every guard stands proves nothing. Exits 2."""
    said = {probe: found for probe in sorted(wanted) if (found := probes.look(house, probe))}
    if said:
        print("\n".join(f"red with every guard in place: {probe}: {found}" for probe, found in said.items()))
        sys.exit(2)


def _template(folder: Path) -> str:
    path = folder / "crm.sqlite3"
    make_template(f"sqlite:///{path}", folder)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return str(path)


def _try(house: House, case: Case, wanted: list[str]) -> None:
    began = time.monotonic()
    with removed(case.guard):
        _forget(house)
        for probe in wanted:
            case.tried.append(probe)
            said = probes.look(house, probe)
            if said:
                case.noticed, case.said = probe, said
                break
    _forget(house)
    case.seconds += time.monotonic() - began
    print(
        f"{'red  ' if case.noticed else 'green'} {case.seconds:5.1f} s  {case.name}  {case.noticed}",
        flush=True,
    )


def _forget(house: House) -> None:
    """Compiled views were made with or without the guard."""
    dispatcher = next(
        view for view in house.world.app.extensions["admin"][0]._views if hasattr(view, "_compiled")
    )
    dispatcher._compiled.clear()


@contextmanager
def removed(guard: Guard) -> Iterator[None]:
    """The function of a guard without it. Raises LookupError when there is no such function in memory."""
    path = ROOT / guard.file
    source = path.read_text(encoding="utf-8")
    before = compile(source, str(path), "exec")
    after = compile(guard.removed_from(source), str(path), "exec")
    name = guard.function.replace(".<locals>", "")
    bearers: list[FunctionType] = []
    while name and not bearers:
        old, new = _code(before, name), _code(after, name)
        bearers = _in_memory(old)
        # A function that lives only while the one around it runs is changed where it comes from.
        name = name.rpartition(".")[0]
    if not bearers:
        raise LookupError(f"{guard.key}: not in memory")
    for bearer in bearers:
        bearer.__code__ = new
    try:
        yield
    finally:
        for bearer in bearers:
            bearer.__code__ = old


def _in_memory(code: CodeType) -> list[FunctionType]:
    """The functions that were made of this piece of source."""
    wanted = (code.co_filename, code.co_qualname, code.co_firstlineno)
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, FunctionType)
        and (found.__code__.co_filename, found.__code__.co_qualname, found.__code__.co_firstlineno) == wanted
    ]


def _code(code: CodeType, name: str) -> CodeType:
    """The code of the function of that qualified name, without `<locals>`. Raises LookupError."""
    waiting = [code]
    while waiting:
        here = waiting.pop()
        if here is not code and here.co_qualname.replace(".<locals>", "") == name:
            return here
        waiting += [const for const in here.co_consts if isinstance(const, CodeType)]
    raise LookupError(f"no function {name}")


def _report(cases: list[Case]) -> int:
    width = max(len(case.name) for case in cases)
    print(f"\n{'guard':{width}}  noticed by")
    for case in cases:
        print(f"{case.name:{width}}  {case.noticed or 'NOBODY, asked: ' + ', '.join(case.tried)}")
        if case.said:
            print(f"{'':{width}}    {case.said[:140]}")
    lost = [case.name for case in cases if not case.noticed]
    print(f"\n{len(cases)} guards, {len(cases) - len(lost)} noticed, {len(lost)} not")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
