"""The supervisor: starts the parts as processes of their own, keeps them up, drains them in order, leaves none behind.

A part that is started here ends when the supervisor does, however that ends: it reads a pipe whose other end only the
supervisor holds. Listening sockets are opened here too, so a crashed web process loses no waiting connection.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

SUPERVISOR_FD = "CRM_SUPERVISOR_FD"
STEADY_S = 60.0  # who lived so long has started well
FIRST_WAIT_S = 0.5  # before a part that ended starts again; doubles each time
TRIES = 6  # starts in a row that fail before the whole tree gives up
WRONG_CONFIGURATION = 2  # exit code of `crm`: trying again cannot help

logger = logging.getLogger("crm.serve")


@dataclass
class Part:
    """One process of the tree: `crm <arguments>`. Parts of a lower `phase` are stopped, and waited for, first.

    `due` is the moment (of time.monotonic) before which it is not started.
    """

    name: str
    arguments: tuple[str, ...]
    fds: tuple[int, ...] = ()
    phase: int = 0
    drain_s: float = 35.0
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = 0.0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs parts until SIGTERM, SIGINT or SIGHUP, or until one of them cannot be kept up."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)
        self._stop = 0
        # Only this process holds the end that is never written to: when it is gone, the parts read the end.
        self._watched, self._held = os.pipe()

    def run(self) -> int:
        """Start everything and stay; 0 after a signal, 1 when a part could not be kept up, 2 on wrong settings."""
        outcome = 0
        with self._signals() as wake:
            try:
                while not self._stop and outcome == 0:
                    for part in self._parts:
                        outcome = outcome or self._tend(part)
                    if not self._stop and outcome == 0:
                        select.select([wake], [], [], self._patience())
                        _drain(wake)
                for phase in sorted({part.phase for part in self._parts}):
                    self._stop_all([part for part in self._parts if part.phase == phase])
            finally:
                for part in self._parts:
                    if part.running and part.process:
                        part.process.kill()
        os.close(self._watched)
        os.close(self._held)
        return outcome

    def _tend(self, part: Part) -> int:
        """Start a part that is due, take note of one that ended; the exit code of the tree, 0 to go on."""
        now = time.monotonic()
        if part.process is None:
            if now >= part.due:
                self._start(part)
            return 0
        code = part.process.poll()
        if code is None:
            return 0
        part.process = None
        part.failures = 1 if now - part.started >= STEADY_S else part.failures + 1
        logger.error("part ended", extra={"part": part.name, "code": code, "failures": part.failures})
        if code == WRONG_CONFIGURATION:
            return WRONG_CONFIGURATION
        if part.failures >= TRIES:
            logger.critical("part cannot be kept up, giving up", extra={"part": part.name})
            return 1
        part.due = now + FIRST_WAIT_S * 2 ** (part.failures - 1)
        return 0

    def _start(self, part: Part) -> None:
        part.started = time.monotonic()
        part.process = subprocess.Popen(
            command(*part.arguments),
            pass_fds=(self._watched, *part.fds),
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                # Twelve threads would otherwise keep an arena each; two spare a busy web process 5 to 10 MB.
                "MALLOC_ARENA_MAX": "2",
                **part.environment,
                SUPERVISOR_FD: str(self._watched),
            },
            # Ctrl-C reaches the whole group of a terminal; the order of the stop is ours.
            process_group=0,
        )
        logger.info("part started", extra={"part": part.name, "pid": part.process.pid})

    def _stop_all(self, parts: Sequence[Part]) -> None:
        """Ask, wait as long as each may take, then kill. A second signal kills at once."""
        asked = self._stop
        for part in parts:
            if part.running and part.process:
                part.process.terminate()
        deadline = time.monotonic() + max(part.drain_s for part in parts)
        while (
            any(part.running for part in parts)
            and time.monotonic() < deadline
            and self._stop <= max(asked, 1)
        ):
            time.sleep(0.05)
        for part in parts:
            if part.running and part.process:
                logger.error("part did not end in time, killed", extra={"part": part.name})
                part.process.kill()
            if part.process:
                part.process.wait()

    def _patience(self) -> float:
        waiting = [part.due - time.monotonic() for part in self._parts if part.process is None]
        return max(0.05, min([1.0, *waiting]))

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Count the signals that ask us to stop; the descriptor becomes readable whenever anything happens."""
        wake, poke = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(poke, False)

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stop += 1

        handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: stop}
        # The child's end needs no more than the wake-up, which only a handler of Python's gives.
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        earlier = signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
        try:
            yield wake
        finally:
            signal.set_wakeup_fd(earlier)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(wake)
            os.close(poke)


def command(*arguments: str) -> list[str]:
    """The command line of this very installation's `crm`."""
    return [sys.executable, "-m", "crm_admin", *arguments]


def end_with_supervisor(grace_s: float = 40.0) -> None:
    """In a part: stop as if asked to when the supervisor is gone, and die when that takes longer than `grace_s`."""
    descriptor = os.environ.pop(SUPERVISOR_FD, None)
    if descriptor is None:
        return

    def watch(fd: int) -> None:
        os.read(fd, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_s)
        os._exit(1)

    threading.Thread(target=watch, args=(int(descriptor),), daemon=True, name="supervisor").start()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that a part can inherit. Raises OSError, also when the port is in use."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        return
