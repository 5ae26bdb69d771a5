"""Calls as they come on a bad day: how fast the doors answer, and whether one notice or call is lost or doubled.

python -m tests.bench.calls_load DATABASE_URL [CALLS A SECOND] [SECONDS] [WEB PROCESSES]
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crm_admin import clock, db
from tests.bench import calls_agreement, calls_floor, calls_site
from tests.bench.calls_site import Site

TALK_S = 4.0
FLOOR_S = 5.0
FAULTS = [
    {"fault": "duplicate", "probability": 0.10, "gap": 0.2},
    {"fault": "reorder", "kind": "status", "probability": 0.20, "window": 2, "hold": 1.0},
    {"fault": "delay", "probability": 0.05, "seconds": 0.5},
]


def run(url: str, rate: float, seconds: float, workers: int) -> dict[str, Any]:
    """Figures of `rate` calls a second for so long, on the empty database, beside the floor in the same run."""
    with TemporaryDirectory(prefix="crm-calls-") as folder:
        agents = round(rate * TALK_S * 2.5) + 10
        with calls_site.opened(url, Path(folder), workers=workers, agents=agents) as site:
            began = clock.ago(seconds=5)
            busy, started = site.busy_s(), time.monotonic()
            start(site, rate, seconds, calls_site.CUSTOMERS)
            settled(site, seconds)
            busy, passed = site.busy_s() - busy, time.monotonic() - started
            journal = list(site.journal())
            legs = list(site.gateway().calls_since(began - timedelta(minutes=1)))
            report = site.sim("GET", "/load")["loads"][0]
            db.connect_to(site.config)
            with db.connection():
                found = calls_agreement.of(journal, legs)
            db.disconnect()
        floor = calls_floor.rate(_beside(url, folder), FLOOR_S, b"x" * 600)
    latencies = sorted(entry["latency_ms"] for entry in journal)
    return {
        "calls": report["placed"],
        "served": report["served"],
        "seconds": round(passed, 1),
        "webhooks": len(journal),
        "webhooks_a_second": round(len(journal) / seconds, 1),
        "web_processes": workers,
        "median_ms": at(latencies, 0.5),
        "p99_ms": at(latencies, 0.99),
        "worst_ms": latencies[-1],
        "busy_ms_a_webhook": round(busy * 1000 / len(journal), 2),
        "not_2xx": sum(not 200 <= entry["status"] < 300 for entry in journal),
        "agreement": asdict(found),
        "faults": found.faults,
        "floor": floor,
    }


def start(site: Site, rate: float, seconds: float, customers: int) -> None:
    """Let calls come, by a network that repeats, mixes up and delays; agents pick up after a second or so."""
    agents = {"pattern": "client:*", "script": {"ring": [0.5, 1.5], "talk": 0}}
    site.sim("POST", "/policies", agents)
    site.sim("POST", "/faults", FAULTS)
    calls = {
        "rate": rate,
        "seconds": seconds,
        "callers": customers,
        "from_prefix": calls_site.PREFIX,
    }
    site.sim("POST", "/load", {**calls, "talk_mean": TALK_S, "patience_mean": 20})


def settled(site: Site, seconds: float) -> None:
    """Wait until all calls are over and everything was told. Raises TimeoutError."""
    time.sleep(seconds)
    calls_site.until(lambda: _is_over(site), "the last call to end", 240)
    before = -1
    while before != (before := site.sim("GET", "")["journal"]):
        time.sleep(2.5)


def at(ascending: list[float], share: float) -> float:
    """The value that `share` of them stay below."""
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]


def _is_over(site: Site) -> bool:
    load = site.sim("GET", "/load")["loads"][0]
    return not load["running"] and not load["live"]


def _beside(url: str, folder: str) -> str:
    return f"sqlite:///{folder}/floor.sqlite3" if url.startswith("sqlite") else url


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[2:]] + [5.0, 10.0, 1.0][len(sys.argv) - 2 :]
    print(json.dumps(run(sys.argv[1], given[0], given[1], int(given[2])), indent=2))
