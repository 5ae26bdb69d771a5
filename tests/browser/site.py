"""The application behind a real address, as long as a test needs it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from flask import Flask

from crm_admin import web


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve `app` as `crm web` does, in a thread; gives its address without a slash at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = web.Server(app, listener, threads=6, body_bytes=20 * 1024 * 1024)
    thread = Thread(target=server.run, name="site")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        # A server that has ended by itself has nothing left to be told by.
        with suppress(OSError):
            server.stop()
        thread.join(timeout=30)
