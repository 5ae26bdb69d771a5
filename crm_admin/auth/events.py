"""The security log: sign-ins, refusals, tokens and changes of rights, one structured line each."""

from __future__ import annotations

import logging
from typing import Any

from flask import has_request_context, request

logger = logging.getLogger("crm.security")


def tell(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line: `event` is a stable word, `fields` are ids and facts, never what somebody typed."""
    client = {"ip": request.remote_addr} if has_request_context() else {}
    logger.log(level, event, extra={"event": event, **client, **fields})
