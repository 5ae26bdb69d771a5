"""The whole product on one machine: how soon the demo is there again, how much memory it takes at rest."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE_S = 180.0
REST_S = 10.0
"""Until what the start needed is let go of."""

STARTS = 5
"""Second starts; others on the machine only ever slow one down, so the quickest tells most."""


def run() -> dict[str, float]:
    """Seconds to the first page of a first and of a second `crm demo`, the processor time of the latter, and the memory
    of its processes at rest."""
    with TemporaryDirectory(prefix="crm-bench-") as folder:
        with _demo(Path(folder)) as (first_s, _):
            pass
        seconds, busy = [], []
        for _ in range(STARTS - 1):
            with _demo(Path(folder)) as (took_s, process):
                seconds.append(took_s)
                busy.append(sum(map(_busy_s, _family(process.pid))))
        with _demo(Path(folder)) as (took_s, process):
            seconds.append(took_s)
            time.sleep(REST_S)
            family = _family(process.pid)
            return {
                "first_start_s": round(first_s, 1),
                "second_start_s": round(min(seconds), 1),
                "second_start_busy_s": round(min(busy), 1),
                "processes": len(family),
                "idle_pss_mb": round(sum(_pss_mb(pid) for pid in family), 1),
            }


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "-m", "crm_admin", "demo", "--port", str(port), "--data", str(folder / "demo")]
    # As usual: the first start leaves compiled code to the second, whatever the one who measures has set.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/login", process)
            yield time.monotonic() - began, process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the demo did not start")


def _free_port() -> int:
    """A port that is free, and so is the next one, for push."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)


def _family(pid: int) -> list[int]:
    found = [pid]
    for entry in os.scandir(f"/proc/{pid}/task"):
        children = Path(entry.path, "children").read_text(encoding="ascii").split()
        found += [member for child in children for member in _family(int(child))]
    return found


def _busy_s(pid: int) -> float:
    """Processor time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    """Memory of a process, each shared page divided by how many share it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
