"""The web server: one process, many threads, bounded in everything a stranger can make it wait for or keep.

Requests are read whole before a thread takes them, so slow clients cost no thread (docs/decisions/0030).
"""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HEADER_BYTES = 64 * 1024
HEADER_S = 20.0  # a request line and its headers must have arrived by then
IDLE_S = 120  # longer than proxies keep connections to us: they must be the ones to close
DRAIN_S = 30.0  # a stopping server gives its requests so long
CONNECTIONS = 500


class Channel(HTTPChannel):
    """A connection that remembers since when it has been waiting for the rest of a request's head."""

    head_since: float | None = None

    def received(self, data: bytes) -> bool:
        taken: bool = super().received(data)
        waiting = self.request is not None and not self.request.headers_finished
        self.head_since = (self.head_since or time.monotonic()) if waiting else None
        return taken

    @property
    def busy(self) -> bool:
        """Whether a body is still arriving, a request is being answered or an answer is on its way."""
        uploading = self.request is not None and self.request.headers_finished
        return bool(uploading or self.requests or self.total_outbufs_len)


class Server:
    """Serves `app` on an already listening socket until stop(); then finishes what it has begun."""

    def __init__(
        self, app: WSGIApplication, listener: socket.socket, *, threads: int, body_bytes: int
    ) -> None:
        # Each connection may take three descriptors; the database and the log need some too.
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._channels: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._channels,
            sockets=[listener],
            threads=threads,
            ident=None,  # no Server header
            clear_untrusted_proxy_headers=False,  # the app trusts exactly as many hops as web.proxies says
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=body_bytes,
            channel_timeout=IDLE_S,
            cleanup_interval=5,
            connection_limit=min(CONNECTIONS, descriptors // 4),
            asyncore_use_poll=True,
            log_socket_errors=False,
        )
        self._server.channel_class = Channel
        self._stopping = False

    def stop(self) -> None:
        """Accept nothing more; run() returns when the last answer is out, or after DRAIN_S. Safe in a signal."""
        if not self._stopping:
            self._stopping = True
            self._server.pull_trigger()

    def run(self) -> None:
        """Serve until stop() was called and the requests in hand are answered."""
        while not self._stopping:
            self._turn()
            self._drop_slow_heads()
        deadline = time.monotonic() + DRAIN_S
        self._server.accepting = False
        while self._open(lambda channel: channel.busy) and time.monotonic() < deadline:
            self._close_idle()
            self._turn()
        self._server.task_dispatcher.shutdown(timeout=max(0.0, deadline - time.monotonic()))
        wasyncore.close_all(self._channels)

    def _turn(self) -> None:
        wasyncore.loop(timeout=1.0, use_poll=True, map=self._channels, count=1)

    def _drop_slow_heads(self) -> None:
        late = time.monotonic() - HEADER_S
        for channel in self._open(lambda c: c.head_since is not None and c.head_since < late):
            channel.will_close = True

    def _close_idle(self) -> None:
        for channel in self._open(lambda c: not c.busy):
            channel.will_close = True

    def _open(self, chosen: Callable[[Channel], bool]) -> Iterable[Channel]:
        return [channel for channel in list(self._server.active_channels.values()) if chosen(channel)]
