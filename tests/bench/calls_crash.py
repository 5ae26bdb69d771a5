"""`kill -9` of the web process in the middle of calls: is every acknowledged notice in the log, once, and every call in
the history after one reconciliation?

    python -m tests.bench.calls_crash DATABASE_URL [KILLS] [CALLS A SECOND]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import requests

from crm_admin import clock, db
from tests.bench import calls_agreement, calls_load, calls_site
from tests.bench.calls_site import Site

CUSTOMERS = 50
AT_WORK_S = (0.3, 1.0)
"""How long a new process answers until it is killed, at least and at most."""

A_KILL_S = 10.0
"""More than a kill and a start take: calls come for so long for each, or until the last."""


def run(url: str, kills: int, rate: float) -> dict[str, Any]:
    """Figures of so many kills under `rate` calls a second, on the empty database."""
    random = Random(3)
    with TemporaryDirectory(prefix="crm-crash-") as folder:
        agents = round(rate * calls_load.TALK_S * 4) + 10
        site_of = calls_site.opened(url, Path(folder), workers=1, agents=agents, customers=CUSTOMERS)
        with site_of as site:
            began = clock.ago(minutes=2)
            calls_load.start(site, rate, kills * A_KILL_S, CUSTOMERS)
            started = time.monotonic()
            killed = [_kill(site, random) for _ in range(kills)]
            passed = time.monotonic() - started
            site.sim("DELETE", "/load")
            _await_web(site)
            calls_load.settled(site, 0)
            _reconcile(site)
            journal = list(site.journal())
            legs = list(site.gateway().calls_since(began - timedelta(minutes=1)))
            placed = site.sim("GET", "/load")["loads"][0]["placed"]
            db.connect_to(site.config)
            with db.connection():
                found = calls_agreement.of(journal, legs)
            db.disconnect()
    return {
        "kills": len(set(killed)),
        "calls": placed,
        "webhooks": len(journal),
        "unanswered": sum(entry["status"] == 0 for entry in journal),
        "tried_again": sum(entry["attempt"] > 1 for entry in journal),
        "seconds": round(passed, 1),
        "agreement": asdict(found),
        "faults": found.faults,
    }


def _kill(site: Site, random: Random) -> int:
    """End the web process that answers at present, after a while of work; its id."""
    _await_web(site)
    time.sleep(random.uniform(*AT_WORK_S))
    (pid,) = site.web_processes()
    os.kill(pid, signal.SIGKILL)
    calls_site.until(lambda: pid not in site.web_processes(), "the process to end")
    return pid


def _await_web(site: Site) -> None:
    calls_site.until(lambda: site.web_processes() and _answers(site), "the web process to come back")


def _answers(site: Site) -> bool:
    try:
        return requests.get(f"{site.address}/healthz", timeout=30).status_code == 200
    except requests.RequestException:
        return False


def _reconcile(site: Site) -> None:
    """As an operator does: by the command. Raises CalledProcessError."""
    since = clock.ago(hours=1).isoformat()
    command = [sys.executable, "-m", "crm_admin", "calls", "reconcile", "--since", since, *site.settings]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[2:]] + [100.0, 5.0][len(sys.argv) - 2 :]
    print(json.dumps(run(sys.argv[1], int(given[0]), given[1]), indent=2))
