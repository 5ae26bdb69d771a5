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


def run() -> dict[str, float]:
    """Seconds to the first page of a first and of a second `crm demo`, and the memory of its processes at rest."""
    with TemporaryDirectory(prefix="crm-bench-") as folder:
        with _demo(Path(folder)) as (first_s, _):
            pass
        with _demo(Path(folder)) as (second_s, process):
            time.sleep(REST_S)
            family = _family(process.pid)
            return {
                "first_start_s": round(first_s, 1),
                "second_start_s": round(second_s, 1),
                "processes": len(family),
                "idle_pss_mb": round(sum(_pss_mb(pid) for pid in family), 1),
            }


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "-m", "crm_admin", "demo", "--port", str(port), "--data", str(folder / "demo")]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
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


def _pss_mb(pid: int) -> float:
    """Memory of a process, each shared page divided by how many share it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
