"""How long after a commit the last of 500 browsers hears of it, beside the floor: a bare asyncio fan-out.

    python -m tests.bench.push_bench DATABASE_URL [CLIENTS] [ROUNDS]

Three processes: this one commits, one plays all the browsers, one serves. The floor server writes the same bytes to
its sockets the moment a line arrives: no database, no HTTP, no audience.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_admin.config import Config, load
from crm_admin.push.server import Server
from crm_admin.push.source import Source
from crm_admin.push.ticket import token

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "bench-0123456789-abcdefghijklmnop"
PER_USER = 10
GATE_MS = 150


def settings(url: str) -> Config:
    """A configuration with a free port."""
    overrides = {"database.url": url, "environment": "test", "secret_key": SECRET, "push.port": 0}
    return load(environ={}, overrides=overrides)


@contextmanager
def started(url: str, mode: str = "--serve") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A push process (or the floor) and its port."""
    command = [sys.executable, "-m", "tests.bench.push_bench", mode, url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def memory_mb(pid: int) -> float:
    """Resident memory of a process, shared pages included."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return round(int(found[1]) / 1024, 1)


def run(url: str, clients: int, rounds: int) -> dict[str, object]:
    """Figures of both servers on an empty database."""
    # Late: this module is the push process, too, which must stay without the ORM.
    from crm_admin.push import Event, publish  # noqa: PLC0415
    from tests.connected import connected  # noqa: PLC0415

    with connected(settings(url), [Event]):
        floor, _, _ = _measure(url, "--floor", clients, rounds, None)
        real, idle_mb, full_mb = _measure(url, "--serve", clients, rounds, lambda: publish("bench", {}))
    figures: dict[str, object] = {
        "database": url.partition(":")[0],
        "clients": clients,
        "rounds": rounds,
        "floor_last_ms": _spread(floor),
        "push_last_ms": _spread(real),
        "gate_ms": round(statistics.median(floor) + GATE_MS, 1),
        "rss_idle_mb": idle_mb,
        "rss_full_mb": full_mb,
    }
    figures["passed"] = max(real) <= statistics.median(floor) + GATE_MS
    return figures


def _measure(
    url: str, mode: str, clients: int, rounds: int, tell: object
) -> tuple[list[float], float, float]:
    delays = []
    with started(url, mode) as (server, port):
        idle_mb = memory_mb(server.pid)
        command = [sys.executable, "-m", "tests.bench.push_bench", "--browsers", url, str(port), str(clients)]
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as browsers:
            assert browsers.stdout is not None
            browsers.stdout.readline()  # all connected
            full_mb = memory_mb(server.pid)
            for _ in range(rounds):
                time.sleep(0.137)  # out of step with the poll of SQLite
                if callable(tell):
                    tell()
                else:
                    server.send_signal(10)
                committed = time.monotonic()
                delays.append((float(browsers.stdout.readline()) - committed) * 1000)
            full_mb = max(full_mb, memory_mb(server.pid))
            browsers.kill()
    return delays, idle_mb, full_mb


def _spread(delays: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(delays), 1), "worst": round(max(delays), 1)}


def _serve(url: str) -> None:
    async def everyone(source: Source, sessions: Collection[str]) -> Collection[str]:
        return sessions

    asyncio.run(_announced(Server(settings(url), everyone)))


async def _announced(server: Server) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(15, stop.set)
    await server.start()
    while not server._loaded:
        await asyncio.sleep(0.01)
    print(server.port, flush=True)
    await stop.wait()
    await server.close()


async def _floor() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writers.append(writer)

    def told() -> None:
        for writer in writers:
            writer.write(b'id: 1\ndata: {"type":"bench"}\n\n')

    server = await asyncio.start_server(joined, "127.0.0.1", 0, backlog=1024)
    asyncio.get_running_loop().add_signal_handler(10, told)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


class _Browser(asyncio.Protocol):
    def __init__(self, head: bytes, heard: object) -> None:
        self.head, self.heard, self.open = head, heard, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self.head)

    def data_received(self, data: bytes) -> None:
        assert callable(self.heard)
        if b" 200 " in data:
            self.heard("open")
        if b"data: " in data:
            self.heard("event")


async def _browsers(url: str, port: int, clients: int) -> None:
    """Print a line when all are connected, then for every event the moment at which the last one heard it."""
    counts = {"open": 0, "event": 0}
    ready = asyncio.Event()

    def heard(what: str) -> None:
        counts[what] += 1
        if what == "open" and counts["open"] == clients:
            ready.set()
        if what == "event" and counts["event"] % clients == 0:
            print(time.monotonic(), flush=True)

    loop = asyncio.get_running_loop()
    for number in range(clients):
        ticket = token(settings(url), number // PER_USER, f"{number // PER_USER:064x}")
        head = f"GET /events?token={ticket} HTTP/1.1\r\nHost: push\r\n\r\n".encode()
        await loop.create_connection(lambda head=head: _Browser(head, heard), "127.0.0.1", port)  # type: ignore[misc]
    await ready.wait()
    print("ready", flush=True)
    await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """One of the parts, or the whole of the benchmark."""
    if arguments[0] == "--serve":
        _serve(arguments[1])
    elif arguments[0] == "--floor":
        asyncio.run(_floor())
    elif arguments[0] == "--browsers":
        asyncio.run(_browsers(arguments[1], int(arguments[2]), int(arguments[3])))
    else:
        clients, rounds = (int(text) for text in (*arguments[1:3], *("500", "30")[len(arguments[1:3]) :]))
        print(json.dumps(run(arguments[0], clients, rounds)))


if __name__ == "__main__":
    main(sys.argv[1:])
