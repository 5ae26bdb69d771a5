"""The floor of a webhook: a bare Flask page behind the same server that writes one row and is sure of it (fsync).

python -m tests.bench.calls_floor DATABASE_URL PORT
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import Any

import psycopg
from flask import Flask, request
from waitress import serve

from tests.bench.calls_site import until

THREADS = 12
CLIENTS = 8
TABLE = "CREATE TABLE IF NOT EXISTS bench_floor (id INTEGER PRIMARY KEY {auto}, body TEXT)"


def application(url: str) -> Flask:
    """One door: the body is written and committed, then 204."""
    app = Flask(__name__)
    mine = threading.local()

    @app.post("/")
    def note() -> tuple[str, int]:
        line = getattr(mine, "line", None)
        if line is None:
            line = mine.line = connect(url)
        line.execute(
            f"INSERT INTO bench_floor (body) VALUES ({'?' if url.startswith('sqlite') else '%s'})",
            (request.get_data(as_text=True),),
        )
        return "", 204

    @app.get("/")
    def alive() -> str:
        return "ok"

    return app


def connect(url: str) -> Any:
    """A connection that commits each statement."""
    if url.startswith("sqlite"):
        line = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        line.execute("PRAGMA journal_mode = wal")
        line.execute("PRAGMA synchronous = FULL")
        return line
    return psycopg.connect(url, autocommit=True)


def rate(url: str, seconds: float, body: bytes) -> dict[str, float]:
    """Requests a second that the floor answers when asked as fast as it can, and the slowest of 99 in 100."""
    with closing(connect(url)) as line:
        line.execute(TABLE.format(auto="" if url.startswith("sqlite") else "GENERATED ALWAYS AS IDENTITY"))
    import requests  # noqa: PLC0415 — the server does without

    from tests.bench.calls_site import ports  # noqa: PLC0415 — as above

    port = ports(1)[0]
    address = f"http://127.0.0.1:{port}/"
    took: list[float] = []
    end = time.monotonic()

    def ask() -> None:
        with requests.Session() as session:
            while time.monotonic() < end:
                began = time.perf_counter()
                session.post(address, data=body, timeout=30).raise_for_status()
                took.append(time.perf_counter() - began)

    with subprocess.Popen([sys.executable, "-m", "tests.bench.calls_floor", url, str(port)]) as server:
        try:
            until(lambda: _is_up(address), "the floor to open")
            began = time.monotonic()
            end = began + seconds
            threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            passed = time.monotonic() - began
        finally:
            server.kill()
    took.sort()
    return {
        "per_second": round(len(took) / passed, 1),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1),
    }


def _is_up(address: str) -> bool:
    import requests  # noqa: PLC0415 — the server does without

    try:
        return requests.get(address, timeout=1).status_code == 200
    except requests.RequestException:
        return False


if __name__ == "__main__":
    serve(application(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), threads=THREADS)
