"""The exchange: places calls, rings parties, joins and parts them. Every change of a call's state happens here."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from call_center.carrier import hearing
from call_center.carrier.account import Account, Behaviour
from call_center.carrier.conference import Conference, Participant
from call_center.carrier.endpoint import ANYBODY, Cause, Endpoint
from call_center.carrier.executor import Executor
from call_center.carrier.fault import FaultBook
from call_center.carrier.journal import Entry, Journal
from call_center.carrier.leg import SIP_CODES, Callback, Direction, Document, Leg, Status, rfc2822
from call_center.carrier.line import Line
from call_center.carrier.message import Message
from call_center.carrier.number import Application, Number
from call_center.carrier.parameters import call_fields
from call_center.carrier.recorder import Recorder
from call_center.carrier.script import PolicyBook, ScriptedParty
from call_center.carrier.sid import SidSource
from call_center.carrier.turnstile import Turnstile
from call_center.carrier.virtual_clock import VirtualClock
from call_center.carrier.waiting_queue import WaitingQueue
from call_center.carrier.webhook import Courier, Webhook

KEPT = 50_000  # finished calls that are remembered


class WrongState(Exception):
    """What was asked does not fit the state of the call; `code` is Twilio's (21220 …)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Network:
    """All calls of one account. One event loop, so a verb that does not await is atomic."""

    def __init__(
        self, account: Account, clock: VirtualClock, journal: Journal, faults: FaultBook, seed: int | str = 0
    ) -> None:
        self.account = account
        self.clock = clock
        self.journal = journal
        self.faults = faults
        self.random = random.Random(f"network-{seed}")  # noqa: S311 - chance of a simulator
        self.url = "https://api.twilio.com"  # of the carrier itself, once it listens: recordings are there
        self.sids = SidSource(seed)
        self.courier = Courier(account, clock, journal, faults, seed)
        self.policies = PolicyBook(self.random)
        self.recorder = Recorder(self)
        self.turnstile = Turnstile(self)
        self.legs: dict[str, Leg] = {}
        self.clients: dict[str, list[Endpoint]] = {}
        self.conferences: dict[str, Conference] = {}
        self.queues: dict[str, WaitingQueue] = {}
        self.messages: dict[str, Message] = {}
        self.on_message: Callable[[str, str, str, float], None] | None = (
            None  # from, to, body, at: one reached a phone, or left it
        )

    @property
    def behaviour(self) -> Behaviour:
        return self.account.behaviour

    # What browser phones and pages call.

    def register(self, identity: str, endpoint: Endpoint) -> None:
        """Ring this endpoint for calls to `client:<identity>`, or to a number when `identity` is one in E.164.

        Several endpoints may stand behind one identity: all ring, the first to answer has the call.
        """
        self.clients.setdefault(identity, []).append(endpoint)

    def unregister(self, identity: str, endpoint: Endpoint) -> None:
        """Ring it no longer. A call it has goes on."""
        endpoints = self.clients.get(identity, [])
        if endpoint in endpoints:
            endpoints.remove(endpoint)
        if not endpoints:
            self.clients.pop(identity, None)

    def place_from_client(
        self, identity: str, parameters: Mapping[str, str], endpoint: Endpoint, application_sid: str
    ) -> Leg:
        """A browser phone calls: its TwiML application is asked, `parameters` become form fields.

        `endpoint.connected(leg)` follows when the application answers, `endpoint.ended(leg, …)` at the end.
        Raises LookupError for an unknown application.
        """
        application = self.account.applications.get(application_sid)
        if application is None:
            raise LookupError(f"no application {application_sid}")
        leg = self.new_leg("inbound", f"client:{identity}", parameters.get("To", ""))
        leg.parameters = dict(parameters)
        leg.callback = _status_callback(application)
        document = replace(voice_document(application), parameters=tuple(parameters.items()))
        self._arrive(leg, document, endpoint)
        return leg

    def place_inbound(self, from_: str, to: str, endpoint: Endpoint, **extra: str) -> Leg:
        """A customer rings one of the company's numbers; `extra` goes into every request (StirVerstat, CallerName …).

        Raises LookupError when the number is not owned.
        """
        number = self.account.number(to)
        if number is None:
            raise LookupError(f"{to} is not a number of this account")
        leg = self.new_leg("inbound", from_, to)
        leg.number_sid = number.sid
        leg.forwarded_from = extra.pop("ForwardedFrom", "")
        leg.extra = extra
        leg.callback = _status_callback(number)
        self._arrive(leg, self._number_document(number), endpoint)
        return leg

    # What endpoints report.

    def answered(self, leg: Leg, endpoint: Endpoint | None = None) -> None:
        """The rung party answers; `endpoint` says which, where several ring: the others are cancelled."""
        if leg.is_over or leg.is_answered:
            return
        leg.endpoint = endpoint or (leg.rung[0] if leg.rung else leg.endpoint)
        for other in leg.rung:
            if other is not leg.endpoint:
                other.cancel(leg, "answered elsewhere")
        leg.rung = []
        self._connect(leg)
        if leg.direction == "outbound-api" and leg.executor is not None:
            leg.executor.begin()

    def rejected(self, leg: Leg, cause: Cause = "busy") -> None:
        """The rung party refuses; with several devices of one identity the refusal counts for all."""
        if not leg.is_answered:
            self.end(leg, "busy" if cause == "rejected" else cause)

    def hung_up(self, leg: Leg) -> None:
        """The party hangs up, before or after the answer."""
        if leg.is_answered:
            self.end(leg, "completed")
        else:
            self.end(leg, "no-answer" if leg.direction == "inbound" else "busy")

    def pressed(self, leg: Leg, digits: str) -> None:
        """The party presses keys: `0`-`9`, `*`, `#`."""
        if not leg.is_answered:
            return
        leg.input.press(digits)
        if leg.place is not None:
            leg.place.pressed(leg, digits)

    def spoke(self, leg: Leg, text: str, confidence: float = 0.9) -> None:
        """The party says something that speech recognition would understand."""
        if leg.is_answered:
            leg.input.say(text, confidence)

    # What the REST API and the verbs do.

    def new_leg(self, direction: Direction, from_: str, to: str, parent: Leg | None = None) -> Leg:
        """A leg that does not ring yet."""
        now = self.clock.now()
        leg = Leg(
            sid=self.sids.new("CA"), account_sid=self.account.sid, direction=direction, from_=from_, to=to,
            line=parent.line if parent is not None else Line(), created=now, updated=now, parent=parent,
        )  # fmt: skip
        self.legs[leg.sid] = leg
        if len(self.legs) > KEPT * 2:
            self._forget()
        return leg

    def place_api(self, leg: Leg, document: Document | None) -> None:
        """A call of the REST API: in its turn (calls per second) it is dialled, answered it runs the document."""
        leg.document = document
        leg.executor = Executor(self, leg)
        self.turnstile.admit(leg)

    def place_participant(self, leg: Leg, participant: Participant) -> None:
        """A call of the REST API into a conference."""
        leg.executor = Executor(self, leg)
        leg.executor.participant = participant
        leg.place = participant
        self.turnstile.admit(leg)

    def dial(self, leg: Leg) -> None:
        """The call goes out: `initiated`, and the party rings."""
        if leg.is_over:
            return
        leg.dialed = True
        leg.updated = self.clock.now()
        self.progress(leg, "initiated")
        endpoints = self._parties(leg.to)
        if not endpoints:
            # As Twilio does with a browser phone that is not there, or a number out of service.
            status: Status = "no-answer" if leg.to.startswith("client:") else "failed"
            self.clock.soon(lambda: self.end(leg, status))
        elif self.behaviour.setup_seconds:
            self.clock.call_later(self.behaviour.setup_seconds, lambda: self._ring(leg, endpoints))
        else:
            self._ring(leg, endpoints)

    def pick_up(self, leg: Leg) -> None:
        """The exchange answers an inbound call: a verb that needs a connection is next."""
        if leg.direction == "inbound" and not leg.is_answered and not leg.is_over:
            self._connect(leg)
            if leg.endpoint is not None:
                leg.endpoint.connected(leg)

    def redirect(self, leg: Leg, document: Document) -> None:
        """Other instructions for a call in progress: it leaves where it is. Raises WrongState 21220."""
        if not leg.is_answered:
            raise WrongState(21220, "Call is not in-progress. Cannot redirect.")
        self._take_out(leg, "redirect")
        if leg.document is not None and not document.fallback_url:
            former = leg.document
            document = replace(
                document, fallback_url=former.fallback_url, fallback_method=former.fallback_method
            )
        leg.document = document
        if leg.executor is None:
            leg.executor = Executor(self, leg)
        leg.executor.run(document)

    def end(self, leg: Leg, status: Status) -> None:
        """The leg is over; those that hang on it end with it. Nothing when it is over already."""
        if leg.is_over:
            return
        was_answered, was_dialed = leg.is_answered, leg.dialed or leg.direction == "inbound"
        leg.ended = leg.updated = self.clock.now()
        leg.status = "completed" if was_answered else status
        self.recorder.stop_all(leg)
        self._take_out(leg, "hangup")
        if leg.executor is not None:
            leg.executor.stop()
        for endpoint in leg.rung:
            endpoint.cancel(leg, leg.status)
        if leg.endpoint is not None:
            leg.endpoint.ended(leg, leg.status)
        leg.rung = []
        if was_dialed:
            self.progress(leg, "completed")
        if not leg.answer.done():
            leg.answer.set_result(False)
        if not leg.over.done():
            leg.over.set_result(None)

    def in_conversation(self, leg: Leg) -> bool:
        """Whether the party talks with another one: bridged, or in a conference that has begun."""
        return (
            leg.is_answered and leg.place is not None and bool(getattr(leg.place, "in_conversation", False))
        )

    def serve(self, *legs: Leg) -> None:
        """These talk with one another from now on: a simulated caller counts its talk from here."""
        for leg in legs:
            if isinstance(leg.endpoint, ScriptedParty):
                leg.endpoint.served(leg)

    def progress(self, leg: Leg, event: str) -> None:
        """Tell the status callback of the leg; its number counts whether it is wanted or not."""
        number, callback = leg.sequence, leg.callback
        leg.sequence += 1
        if callback is None or event not in callback.events:
            return
        fields = call_fields(leg)
        if event == "initiated":
            fields = [(name, "initiated" if name == "CallStatus" else value) for name, value in fields]
        fields += [
            ("Timestamp", rfc2822(self.clock.now())),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(number)),
        ]
        if event == "completed":
            fields += [("CallDuration", str(leg.duration)), ("Duration", str(leg.billed_minutes))]
            fields += [("SipResponseCode", SIP_CODES[leg.status]), *leg.recorded.items()]
        self.courier.notify(
            Webhook("status", callback.url, fields, callback.method, event, leg.sid, leg.cookies, leg.log),
            leg.line,
        )

    def alert(self, code: int, message: str, url: str = "", call: str = "") -> None:
        """Something is wrong with what the application said: Twilio's debugger would show it."""
        self.journal.add(
            Entry("alert", "twiml", self.clock.now(), url=url, call=call, error=f"{code} {message}")
        )

    def conference(self, name: str) -> Conference | None:
        """The conference of that name that is not over, or the one with that sid."""
        if name in self.conferences:
            return self.conferences[name]
        return next((c for c in self.conferences.values() if c.friendly_name == name and not c.is_over), None)

    def open_conference(self, name: str, region: str = "us1") -> Conference:
        """The conference of that name, made when there is none."""
        conference = self.conference(name)
        if conference is None or conference.is_over:
            conference = Conference(self, self.sids.new("CF"), name, region)
            self.conferences[conference.sid] = conference
        return conference

    def queue(self, name: str) -> WaitingQueue | None:
        """The queue of that name or sid."""
        if name in self.queues:
            return self.queues[name]
        return next((q for q in self.queues.values() if q.friendly_name == name), None)

    def open_queue(self, name: str, max_size: int = 1000) -> WaitingQueue:
        """The queue of that name, made when there is none."""
        queue = self.queue(name)
        if queue is None:
            queue = WaitingQueue(self, self.sids.new("QU"), name, max_size)
            self.queues[queue.sid] = queue
        return queue

    async def reset(self, seed: int | str | None = None) -> None:
        """Forget every call, conference, queue, recording, message and rule; numbers and applications stay.

        With a seed, chance begins anew.
        """
        for leg in list(self.legs.values()):
            leg.callback = None
            self.end(leg, "canceled")
        await self.courier.abandon()
        for memory in (self.legs, self.conferences, self.queues, self.messages, self.recorder.recordings):
            memory.clear()
        self.recorder.transcriptions.clear()
        self.policies.rules.clear()
        self.faults.clear()
        self.journal.clear()
        if seed is not None:
            self.random.seed(f"network-{seed}")
            self.faults.random.seed(f"fault-{seed}")
            self.sids = SidSource(seed)

    async def close(self) -> None:
        """Nothing rings and nothing is sent any more."""
        for leg in self.legs.values():
            if leg.executor is not None:
                leg.executor.stop()
            if leg.endpoint is not None and not leg.is_over:
                leg.endpoint.ended(leg, "canceled")
        self.recorder.close()
        self.clock.close()
        await self.courier.close()

    def _arrive(self, leg: Leg, document: Document, endpoint: Endpoint) -> None:
        leg.status, leg.ringing, leg.endpoint, leg.document = "ringing", leg.created, endpoint, document
        leg.executor = Executor(self, leg)
        if isinstance(endpoint, ScriptedParty):
            endpoint.call(leg)
        leg.executor.run(document)

    def _number_document(self, number: Number) -> Document:
        application = self.account.applications.get(number.voice_application_sid)
        return voice_document(application if application is not None else number)

    def _parties(self, to: str) -> list[Endpoint]:
        """Who rings for this number or `client:` name; a rule somebody made comes before a phone that is there."""
        script = self.policies.given(to)
        if script is None:
            there = self.clients.get(to.removeprefix("client:"))
            if not there and not to.startswith("client:"):
                there = self.clients.get(ANYBODY)
            if there:
                return list(there)
            script = self.policies.of(to)
        return [] if script.outcome in {"failed", "error"} else [ScriptedParty(self, script)]

    def _ring(self, leg: Leg, endpoints: list[Endpoint]) -> None:
        if leg.is_over:
            return
        leg.status, leg.ringing = "ringing", self.clock.now()
        leg.rung = endpoints
        self.progress(leg, "ringing")
        if leg.direction == "outbound-api":
            self.clock.call_later(
                leg.timeout, lambda: None if leg.is_answered else self.end(leg, "no-answer")
            )
        for endpoint in endpoints:
            endpoint.ring(leg)

    def _connect(self, leg: Leg) -> None:
        leg.status = "in-progress"
        leg.answered = leg.updated = self.clock.now()
        if leg.direction != "inbound":
            self.progress(leg, "answered")
        if not leg.answer.done():
            leg.answer.set_result(True)
        if leg.record is not None:
            self.recorder.start(leg.record, leg=leg)
        if leg.send_digits and leg.endpoint is not None:
            leg.endpoint.dtmf(leg, leg.send_digits)
        if leg.direction == "outbound-api":
            self.clock.call_later(leg.time_limit, lambda: self.end(leg, "completed"))

    def _take_out(self, leg: Leg, reason: str) -> None:
        place, leg.place = leg.place, None
        if place is not None:
            place.leave(leg, "hangup" if reason == "hangup" else "redirect")
        hearing.hush(leg)

    def _forget(self) -> None:
        """Drop the oldest finished calls."""
        for sid in [sid for sid, leg in self.legs.items() if leg.is_over][:KEPT]:
            del self.legs[sid]


def voice_document(settings: Number | Application) -> Document:
    """What a number or an application answers a call with."""
    return Document(
        url=settings.voice_url,
        method=settings.voice_method,
        fallback_url=settings.voice_fallback_url,
        fallback_method=settings.voice_fallback_method,
        application_sid=settings.sid if isinstance(settings, Application) else "",
    )


def _status_callback(settings: Number | Application) -> Callback | None:
    return (
        Callback(settings.status_callback, settings.status_callback_method)
        if settings.status_callback
        else None
    )
