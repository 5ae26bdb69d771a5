"""Refusals of the REST API, by the numbers of Twilio's dictionary."""

from __future__ import annotations


class RestError(Exception):
    """Answered as `{code, message, more_info, status}`."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class NotFound(RestError):
    """20404, with the path that was asked for."""

    def __init__(self, path: str = "") -> None:
        super().__init__(20404, f"The requested resource {path} was not found", 404)
