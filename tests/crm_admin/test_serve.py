"""The supervisor: parts are started, kept up, drained in order, and never outlive it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Parts that only write down what happens to them; `crash` and `wrong` end at once.
PART = """
    import os, signal, sys, time
    from pathlib import Path
    from crm_admin.serve import end_with_supervisor

    end_with_supervisor(grace_s=0.5)
    name, diary = sys.argv[1], Path(sys.argv[2])

    def note(word):
        with diary.open("a") as file:
            file.write(f"{name} {word}\\n")

    def stop(*_):
        note("stopping")
        time.sleep(0.3)
        note("stopped")
        sys.exit(0)

    if name != "deaf":
        signal.signal(signal.SIGTERM, stop)
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(f"up {os.getpid()}")
    if name == "crash":
        sys.exit(1)
    if name == "wrong":
        sys.exit(2)
    while True:
        time.sleep(0.05)
"""

TREE = """
    import logging, sys
    from crm_admin import serve

    logging.basicConfig(level=logging.INFO)
    serve.FIRST_WAIT_S = 0.05
    part, diary, *names = sys.argv[1:]
    serve.command = lambda *arguments: [sys.executable, part, *arguments]
    parts = [serve.Part(name, (name, diary), phase=n, drain_s=3) for n, name in enumerate(names)]
    sys.exit(serve.Supervisor(parts).run())
"""


class Tree:
    """A supervisor with parts of the given names, and what they wrote down."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.diary = folder / "diary"
        self.diary.touch()
        for name, text in (("part.py", PART), ("tree.py", TREE)):
            (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "tree.py"), str(folder / "part.py"), str(self.diary), *names],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    @property
    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines()

    def pids(self, name: str) -> list[int]:
        return [int(line.split()[2]) for line in self.lines if line.startswith(f"{name} up")]


def wait(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody has buried yet is dead all the same.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Callable[..., Tree]]:
    grown: list[Tree] = []

    def grow(*names: str) -> Tree:
        made = Tree(tmp_path, *names)
        grown.append(made)
        return made

    yield grow
    for made in grown:
        made.process.kill()
        made.process.wait()


def test_a_signal_stops_the_parts_in_order(tree: Callable[..., Tree]) -> None:
    grown = tree("web", "worker")
    wait(lambda: grown.pids("web") and grown.pids("worker"))
    grown.process.terminate()
    assert grown.process.wait(10) == 0
    assert grown.lines[2:] == ["web stopping", "web stopped", "worker stopping", "worker stopped"]


def test_a_part_that_is_killed_comes_back(tree: Callable[..., Tree]) -> None:
    grown = tree("web", "worker")
    wait(lambda: grown.pids("web") and grown.pids("worker"))
    os.kill(grown.pids("worker")[0], signal.SIGKILL)
    wait(lambda: len(grown.pids("worker")) == 2)
    assert len(grown.pids("web")) == 1
    assert grown.process.poll() is None


def test_nobody_outlives_a_supervisor_that_is_killed(tree: Callable[..., Tree]) -> None:
    grown = tree("web", "deaf")
    wait(lambda: grown.pids("web") and grown.pids("deaf"))
    grown.process.kill()
    wait(lambda: not alive(grown.pids("web")[0]) and not alive(grown.pids("deaf")[0]))
    assert "web stopped" in grown.lines, "it was asked to stop, not cut off"


def test_wrong_settings_end_the_tree_at_once(tree: Callable[..., Tree]) -> None:
    grown = tree("web", "wrong")
    assert grown.process.wait(10) == 2
    assert len(grown.pids("wrong")) == 1
    assert all(not alive(pid) for pid in grown.pids("web"))


def test_a_part_that_never_stays_up_ends_the_tree(tree: Callable[..., Tree]) -> None:
    started = time.monotonic()
    grown = tree("web", "crash")
    assert grown.process.wait(40) == 1
    assert len(grown.pids("crash")) == 6
    assert time.monotonic() - started > 0.05 * (1 + 2 + 4 + 8 + 16), (
        "each try waits twice as long as the one before"
    )
    assert grown.lines[-1] == "web stopped"


def test_a_deaf_part_is_killed_in_the_end(tree: Callable[..., Tree]) -> None:
    grown = tree("deaf")
    wait(lambda: grown.pids("deaf"))
    grown.process.send_signal(signal.SIGINT)
    assert grown.process.wait(10) == 0
    assert not alive(grown.pids("deaf")[0])


def test_a_second_signal_does_not_wait(tree: Callable[..., Tree]) -> None:
    grown = tree("deaf")
    wait(lambda: grown.pids("deaf"))
    started = time.monotonic()
    grown.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    grown.process.send_signal(signal.SIGINT)
    assert grown.process.wait(10) == 0
    assert time.monotonic() - started < 2


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ["--set", 'environment="test"', "--set", f'data_dir="{tmp_path / "var"}"']
        done = subprocess.run(
            [sys.executable, "-m", "crm_admin", "serve", "--port", str(port), *settings],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == f"crm: cannot listen on 127.0.0.1:{port} (web.port): Address already in use\n"
    assert not (tmp_path / "var").exists()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def readiness(port: int) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error))
    except OSError:
        return {}


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def rss_mb(pid: int) -> float:
    line = next(li for li in Path(f"/proc/{pid}/status").read_text().splitlines() if li.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_the_whole_tree_is_ready_small_and_ends_when_told(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    settings = {"environment": "test", "data_dir": str(tmp_path / "var"), "database.url": database_url}
    given = ["--set", f"push.port={free_port()}"]
    given += [word for key, value in settings.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    with open(tmp_path / "log", "wb") as log:
        tree = subprocess.Popen(
            [sys.executable, "-m", "crm_admin", "serve", "--port", str(port), *given],
            stderr=log,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "CRM_SECRET_KEY": "a-secret-of-the-tests-0123456789-abcdef"},
        )
    try:
        deadline = time.monotonic() + 60
        while (told := readiness(port)).get("status") != "ready" or len(family(tree.pid)) < 4:
            assert tree.poll() is None, (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
        processes = family(tree.pid)
        assert len(processes) == 4, "supervisor, web, worker, push"
        assert sum(map(rss_mb, processes)) <= 250
        tree.terminate()
        assert tree.wait(60) == 0
        assert not any(alive(pid) for pid in processes[1:])
    finally:
        tree.kill()
        tree.wait()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {"request", "part started", "serving"} <= {line["msg"] for line in lines}
    assert "a-secret-of-the-tests" not in (tmp_path / "log").read_text()
