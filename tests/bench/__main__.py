"""`make bench`: figures beside their floors, in this run and on this machine; exit 1 when a promise is not kept.

    python -m tests.bench [--quick] [--keep] [--rounds N] [PART]…

Parts: pages, push, kill, machine, calls; all of them when none is named. docs/performance.md says how to read it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crm_admin.config import Config
from tests.bench import (
    calls_crash,
    calls_fuzz,
    calls_load,
    kill_workers,
    machine,
    pages,
    peers,
    push_bench,
    stand,
)
from tests.bench.figures import Figure, Gate
from tests.bench.ground import ENGINES, FOLDER, grounds
from tests.provide.postgres import temporary_database

SMALL, QUICK, FULL = 1_000, 100_000, 1_000_000
QUERIES = {pages.FIRST_PAGE: 6, pages.RECORD_PAGE: 12, pages.EDIT_FORM: 8, "panels": 16}
RATIO = 1.5
IDLE_MB = 250
SECOND_START_S = 3
KILLS = 100
BROWSERS, PUSH_ROUNDS = 500, 30
CALLS_A_SECOND, CALLS_S, ANSWER_MS = 20, 60, 250
WEB_PROCESSES = {"sqlite": 1, "postgresql": 2}
CRASH_CALLS_A_SECOND = 3
FUZZED = 10_000

Found = tuple[dict[str, Any], list[Gate]]


def measure_pages(size: int, keep: bool, rounds: int) -> Found:
    """Every page at `SMALL` and at `size` contacts in turns, the list beside its peers, on both databases."""
    figures: dict[str, Any] = {"contacts": size}
    gates: list[Gate] = []
    with grounds((SMALL, size), keep) as made:
        for engine in ENGINES:
            taken = _pages_of(made[engine, SMALL], made[engine, size], rounds)
            figures[engine] = {
                page: {k: asdict(f) for k, f in found.items()} for page, found in taken.items()
            }
            gates += _page_gates(engine, taken)
            _print_pages(engine, size, taken)
    return figures, gates


def _pages_of(small: Config, large: Config, rounds: int) -> dict[str, dict[str, Figure]]:
    with ExitStack() as stack:
        stands = {
            "small": stack.enter_context(stand.opened(pages.crm, small)),
            "large": stack.enter_context(stand.opened(pages.crm, large)),
            "bare Flask": stack.enter_context(stand.opened(peers.bare, large)),
            "Django": stack.enter_context(stand.opened(peers.django_admin, large, True)),
            "Django, no count": stack.enter_context(stand.opened(peers.django_admin, large, False)),
        }
        return {page: stand.take_turns(stands, page, rounds) for page in stands["large"].pages}


def _page_gates(engine: str, taken: dict[str, dict[str, Figure]]) -> list[Gate]:
    first = taken[pages.FIRST_PAGE]
    ratio = round(first["large"].busy / first["small"].busy, 2)
    gates = [Gate(f"{engine}: contact list, large by small", ratio, RATIO)]
    return gates + [
        Gate(f"{engine}: {page}, queries", taken[page]["large"].queries, most)
        for page, most in QUERIES.items()
    ]


def _print_pages(engine: str, size: int, taken: dict[str, dict[str, Figure]]) -> None:
    print(f"\n{engine}: milliseconds, median (95 %) of which busy")
    print(f"{'':32}{'queries':>8}{f'{SMALL:,}':>24}{f'{size:,}':>24}{'ratio':>7}")
    for page, found in taken.items():
        small, large = found["small"], found["large"]
        ratio = large.busy / small.busy
        print(f"{page:32}{large.queries:>8}{_text(small):>24}{_text(large):>24}{ratio:>7.2f}")
    for name, figure in taken[pages.FIRST_PAGE].items():
        if name not in ("small", "large"):
            print(
                f"  {pages.FIRST_PAGE + ': ' + name:30}{figure.queries:>8}{'':24}{_text(figure):>24}",
                flush=True,
            )


def _text(figure: Figure) -> str:
    return f"{figure.median:.1f} ({figure.p95:.1f}) {figure.busy:6.1f}"


def measure_push() -> Found:
    """500 browsers beside the bare fan-out, on both databases."""
    figures: dict[str, Any] = {}
    gates = []
    for engine, url in _empty_databases():
        found: Any = push_bench.run(url, BROWSERS, PUSH_ROUNDS)
        figures[engine] = found
        gates.append(
            Gate(f"{engine}: push, last browser, ms", found["push_last_ms"]["worst"], found["gate_ms"])
        )
    return figures, gates


def measure_kill() -> Found:
    """Workers killed in the middle of a job, on both databases."""
    figures: dict[str, Any] = {}
    gates = []
    for engine, url in _empty_databases():
        figures[engine] = found = kill_workers.run(url, KILLS)
        wrong = found["lost"] + found["ended_by_the_dead"]
        gates.append(Gate(f"{engine}: jobs lost in {KILLS} kills", wrong, 0))
    return figures, gates


def measure_machine() -> Found:
    """Start and memory of the whole product."""
    found = machine.run()
    return dict(found), [
        Gate("second start, s to the first page", found["second_start_s"], SECOND_START_S),
        Gate("all processes at rest, MB", found["idle_pss_mb"], IDLE_MB),
    ]


def measure_calls() -> Found:
    """Calls on a bad day, the web process killed while they go on, and hostile requests, on both databases."""
    figures: dict[str, Any] = {}
    gates = []
    for engine, url in _empty_databases():
        load = calls_load.run(url, CALLS_A_SECOND, CALLS_S, WEB_PROCESSES[engine])
        gates += [
            Gate(f"{engine}: webhook answers, 99 in 100, ms", load["p99_ms"], ANSWER_MS),
            Gate(f"{engine}: notices and calls lost, doubled, wrong", load["faults"], 0),
        ]
        figures[engine] = {"load": load}
    for engine, url in _empty_databases():
        figures[engine]["crash"] = crash = calls_crash.run(url, KILLS, CRASH_CALLS_A_SECOND)
        gates.append(Gate(f"{engine}: the same after {KILLS} kills of the web process", crash["faults"], 0))
    figures["fuzz"] = fuzz = calls_fuzz.run(FUZZED)
    gates.append(Gate(f"tests failed that send {FUZZED:,} hostile requests", fuzz["exit_code"], 0))
    return figures, gates


def _empty_databases() -> Any:
    with TemporaryDirectory(prefix="crm-bench-") as folder:
        yield "sqlite", f"sqlite:///{folder}/bench.sqlite3"
    with temporary_database("crm_bench") as url:
        yield "postgresql", url


def main(arguments: list[str]) -> int:
    """Measure what was asked for, write it down, say which promises are kept; 1 when one is not."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    size = QUICK if asked.quick else FULL
    parts = {
        "pages": lambda: measure_pages(size, asked.keep, asked.rounds),
        "push": measure_push,
        "kill": measure_kill,
        "machine": measure_machine,
        "calls": measure_calls,
    }
    if unknown := [name for name in asked.parts if name not in parts]:
        parser.error(f"no such part: {', '.join(unknown)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    missed = 0
    for name in asked.parts or parts:
        began = time.monotonic()
        figures, gates = parts[name]()
        _write(FOLDER / f"{name}.json", figures, gates)
        print(f"\n{name}, {time.monotonic() - began:.0f} s")
        for gate in gates:
            missed += not gate.held
            print(
                f"  {'kept  ' if gate.held else 'MISSED'} {gate.name}: {gate.found:g}, at most {gate.most:g}",
                flush=True,
            )
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help="pages, push, kill, machine, calls")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} contacts instead of {FULL:,}")
    parser.add_argument("--keep", action="store_true", help="keep the databases for the next run")
    parser.add_argument("--rounds", type=int, default=30, help="times each page is asked for")
    return parser


def _write(path: Path, figures: dict[str, Any], gates: list[Gate]) -> None:
    found = {"figures": figures, "gates": [{**asdict(gate), "held": gate.held} for gate in gates]}
    path.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
