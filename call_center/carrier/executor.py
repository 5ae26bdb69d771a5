"""Runs the documents of one leg, one after the other, until the call is over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from call_center.carrier.leg import Document, Leg
from call_center.carrier.parameters import Fields, call_fields, with_extra
from call_center.carrier.run import ENTERTAINMENT_VERBS, GONE, WHISPER_VERBS, Broken, HangUp, LeaveQueue, Run
from call_center.carrier.twiml import Element, TwimlError, parse, problems
from call_center.carrier.verbs import VERBS
from call_center.carrier.webhook import Answer, Webhook

if TYPE_CHECKING:
    from call_center.carrier.conference import Participant
    from call_center.carrier.network import Network

INSTRUCTIONS = frozenset(
    {"voice", "action", "redirect"}
)  # kinds of documents that the fallback stands in for
MOST_DOCUMENTS = 1000  # in one call: what runs in a circle is stopped


class Executor:
    """The instructions of one leg. At most one set of them runs at a time."""

    def __init__(self, network: Network, leg: Leg) -> None:
        self._network = network
        self._leg = leg
        self._task: asyncio.Task[None] | None = None
        self._documents = 0
        self._fallen = (
            False  # on the fallback's instructions, until a document of the ordinary kind is had again
        )
        self.participant: Participant | None = None  # the leg was called to join a conference

    def run(self, document: Document) -> None:
        """Do what this document says, in place of what is done now."""
        self._replace(self._call(document))

    def begin(self) -> None:
        """The party of an outgoing call has answered: find out who it is, then run its document."""
        self._replace(self._begin())

    def stop(self) -> None:
        """The leg is over. The task that says so itself is left to end by itself."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def entertain(
        self, url: str, method: str, kind: str, fields: tuple[tuple[str, str], ...], once: bool = False
    ) -> None:
        """Play a document beside the call: on hold, in the waiting room, an announcement; again and again, or once."""
        document = Document(url=url, method=method, kind=kind, parameters=fields)
        try:
            while not self._leg.is_over:
                started = self._network.clock.now()
                await self.perform(document, ENTERTAINMENT_VERBS)
                if once:
                    return
                # A document that takes no time would be asked for without end.
                await self._network.clock.sleep(max(0.0, 1.0 - (self._network.clock.now() - started)))
        except (Broken, HangUp, LeaveQueue):
            return

    def of(self, leg: Leg) -> Executor:
        """The executor of another leg, made when it has none."""
        if leg.executor is None:
            leg.executor = Executor(self._network, leg)
        return leg.executor

    async def whisper(self, document: Document) -> bool:
        """What the answering party hears before it is joined; False when the document hangs up."""
        try:
            await self.perform(document, WHISPER_VERBS)
        except (Broken, HangUp):
            return False
        return not self._leg.is_over

    async def perform(self, document: Document, allowed: frozenset[str] | None = None) -> None:
        """Run a document and those it leads to, to the end. Raises Broken, HangUp, LeaveQueue."""
        current: Document | None = document
        while current is not None and not self._leg.is_over:
            self._documents += 1
            if self._documents > MOST_DOCUMENTS:
                self._network.alert(11200, "too many documents in one call", current.url, self._leg.sid)
                raise HangUp
            verbs, base = await self._fetch(current)
            current = await self._perform(verbs, Run(self._network, self._leg, self, current, base, allowed))

    async def _begin(self) -> None:
        leg = self._leg
        detection = leg.machine
        if detection is not None and not leg.send_digits:
            if detection.asynchronous:
                self._network.courier.spawn(self._detect())
            else:
                await self._detect()
        if self.participant is not None:
            self.participant.conference.join(self.participant)
            await self.participant.left
            self._network.end(leg, "completed")
        elif leg.document is not None:
            await self._call(leg.document)

    async def _detect(self) -> None:
        """Who answers: a person is known sooner than a machine, the beep comes last."""
        leg, detection = self._leg, self._leg.machine
        assert detection is not None
        by = getattr(getattr(leg.endpoint, "script", None), "answered_by", "human")
        seconds = 2.4 if by == "human" else 4.0
        if detection.message_end and by == "machine_start":
            by, seconds = "machine_end_beep", 8.0
        if seconds > detection.timeout:
            by, seconds = "unknown", detection.timeout
        await self._network.clock.sleep(seconds)
        if leg.is_over:
            return
        leg.answered_by = by
        if detection.asynchronous and detection.callback is not None:
            fields: Fields = [
                ("CallSid", leg.sid),
                ("AccountSid", leg.account_sid),
                ("AnsweredBy", by),
                ("MachineDetectionDuration", str(round(seconds * 1000))),
            ]
            hook = Webhook(
                "amd", detection.callback.url, fields, detection.callback.method, by, leg.sid, leg.cookies
            )
            self._network.courier.notify(hook, leg.line)

    async def _call(self, document: Document) -> None:
        """The leg's own instructions; when they end, so does the call."""
        try:
            await self.perform(document)
        except Broken:
            # The caller hears that an application error has occurred.
            self._network.pick_up(self._leg)
        except (HangUp, LeaveQueue):
            pass
        self._network.end(self._leg, "completed" if self._leg.is_answered else "failed")

    def _replace(self, work: Coroutine[Any, Any, None]) -> None:
        self.stop()
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        """A mistake of the carrier's own must not stay silent: the call ends, and the journal says why."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._network.alert(20500, f"internal error: {error!r}", call=self._leg.sid)
            self._network.end(self._leg, "failed")

    async def _perform(self, verbs: list[Element], run: Run) -> Document | None:
        for element in verbs:
            verb = VERBS.get(element.name)
            if verb is None or (run.allowed is not None and element.name not in run.allowed):
                self._network.alert(12200, f"<{element.name}> cannot be run here", run.base, self._leg.sid)
                continue
            following = await verb(run, element)
            if following is not None:
                return following if following is not GONE else None
            if self._leg.is_over:
                return None
        return None

    async def _fetch(self, document: Document) -> tuple[list[Element], str]:
        """The verbs, and the URL they are relative to. Raises Broken."""
        if document.text:
            try:
                return self._check(document.text, "text/xml", document.base), document.base
            except TwimlError as error:
                self._network.alert(error.code, str(error), call=self._leg.sid)
                raise Broken from None
        if not document.url:
            self._network.alert(11100, "no URL to ask", call=self._leg.sid)
            raise Broken
        fields = self.fields(document)
        answer = await self._ask(document.url, document.method, document.kind, fields)
        code, message = answer.code, "HTTP retrieval failure"
        if answer.ok:
            try:
                verbs = self._check(answer.body, answer.content_type, answer.url)
            except TwimlError as error:
                code, message = error.code, str(error)
            else:
                self._fallen = False
                return verbs, answer.url
        self._network.alert(code, message, document.url, self._leg.sid)
        return await self._fall_back(document, fields, code)

    async def _fall_back(self, document: Document, fields: Fields, code: int) -> tuple[list[Element], str]:
        """The fallback of the number or call stands in for any of its documents, but not for its own."""
        origin = self._leg.document
        if origin is None or not origin.fallback_url or document.kind not in INSTRUCTIONS or self._fallen:
            raise Broken
        self._fallen = True
        fields = [*fields, ("ErrorCode", str(code)), ("ErrorUrl", document.url.partition("#")[0])]
        answer = await self._ask(origin.fallback_url, origin.fallback_method, "fallback", fields)
        if not answer.ok:
            self._network.alert(answer.code, "fallback failed", origin.fallback_url, self._leg.sid)
            raise Broken
        try:
            return self._check(answer.body, answer.content_type, answer.url), answer.url
        except TwimlError as error:
            self._network.alert(error.code, str(error), origin.fallback_url, self._leg.sid)
            raise Broken from None

    def fields(self, document: Document) -> Fields:
        """What a request for a document tells."""
        fields = call_fields(self._leg)
        if document.application_sid:
            fields.append(("ApplicationSid", document.application_sid))
        return with_extra(fields, list(document.parameters))

    def farewell(self, url: str, method: str, extra: Fields) -> None:
        """Report to an action URL that nobody waits for any more: the answer counts for nothing."""
        if url:
            fields = with_extra(call_fields(self._leg), extra)
            leg = self._leg
            hook = Webhook("action", url, fields, method, call=leg.sid, cookies=leg.cookies, log=leg.log)
            self._network.courier.notify(hook, leg.line)

    async def _ask(self, url: str, method: str, kind: str, fields: Fields) -> Answer:
        leg = self._leg
        hook = Webhook(kind, url, fields, method, call=leg.sid, cookies=leg.cookies, log=leg.log)
        return await self._network.courier.ask(hook, leg.line)

    def _check(self, text: str, content_type: str, url: str) -> list[Element]:
        verbs = parse(text, content_type)
        for problem in problems(verbs):
            self._network.alert(12200, problem, url, self._leg.sid)
        return verbs
