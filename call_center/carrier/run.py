"""What a verb is given: the leg, the document it stands in, and what verbs share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from call_center.carrier.leg import Callback, Document, Leg
from call_center.carrier.parameters import Fields
from call_center.carrier.twiml import Element

if TYPE_CHECKING:
    from call_center.carrier.executor import Executor
    from call_center.carrier.network import Network


WAIT_VERBS = frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"})
ENTERTAINMENT_VERBS = frozenset({"Play", "Say", "Pause", "Redirect"})
WHISPER_VERBS = frozenset({"Play", "Say", "Pause", "Gather", "Redirect", "Hangup"})


class Broken(Exception):
    """No document, neither from the URL nor from its fallback."""


class HangUp(Exception):
    """The document ends the call."""


class LeaveQueue(Exception):
    """The waiting room's document sends the caller out of the queue."""


GONE = Document()  # a verb's result: nothing of this document follows


@dataclass(frozen=True)
class Run:
    """One document as it is run. `allowed`: the verbs of a waiting room or whisper; None: all."""

    network: Network
    leg: Leg
    executor: Executor
    document: Document
    base: str
    allowed: frozenset[str] | None = None

    def url(self, relative: str) -> str:
        """The full URL of what the document names; nothing for nothing."""
        return urljoin(self.base, relative) if relative else ""

    def here_or(self, relative: str) -> str:
        """The same where an empty address means this document."""
        return self.url(relative) or self.document.url

    def action(self, element: Element, fields: Fields, kind: str = "action") -> Document | None:
        """The document that follows by the verb's `action`, told what came of the verb; None without one."""
        if "action" not in element.attributes:
            return None
        return Document(
            url=self.here_or(element.get("action")),
            method=element.method(),
            kind=kind,
            parameters=tuple(fields),
        )

    def again(self, fields: Fields) -> Document | None:
        """This document once more: what a Gather or Record without `action` does."""
        if self.document.text:
            self.network.alert(11100, "no action, and no URL to ask again", call=self.leg.sid)
            return GONE
        return Document(
            url=self.document.url, method=self.document.method, kind="action", parameters=tuple(fields)
        )

    def callback(self, element: Element, default: str, prefix: str = "statusCallback") -> Callback | None:
        """The callback of a noun: `statusCallback` or `recordingStatusCallback`, its method and events."""
        url = element.get(prefix)
        if not url:
            return None
        events = frozenset(element.get(f"{prefix}Event", default).split())
        return Callback(self.url(url), element.method(f"{prefix}Method"), events)


Verb = Callable[[Run, Element], Awaitable[Document | None]]
