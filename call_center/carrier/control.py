"""`/_sim`: the strings behind the scene. Customers call, keys are pressed, time passes, things break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from call_center.carrier.account import Behaviour
from call_center.carrier.conference import Conference
from call_center.carrier.leg import Leg
from call_center.carrier.line import Line
from call_center.carrier.load import Load, Scenario
from call_center.carrier.message import Message, move, receive
from call_center.carrier.network import Network, WrongState
from call_center.carrier.page import Page, Person
from call_center.carrier.script import Policy, Script, ScriptedParty
from call_center.carrier.signalling import Gateway
from call_center.carrier.webhook import Webhook

JOURNAL_PAGE = 1000


# What a party can be made to do.
DEEDS: dict[str, Callable[[Network, Leg, Any], None]] = {
    "answer": lambda network, leg, body: network.answered(leg),
    "reject": lambda network, leg, body: network.rejected(leg, body.get("cause", "busy")),
    "hangup": lambda network, leg, body: network.hung_up(leg),
    "press": lambda network, leg, body: network.pressed(leg, str(body["digits"])),
    "speak": lambda network, leg, body: network.spoke(
        leg, str(body["text"]), float(body.get("confidence", 0.9))
    ),
}


class Control:
    """The handlers. Each takes JSON and gives JSON; what is wrong is answered 400 with `{"error": …}`."""

    def __init__(self, network: Network, gateway: Gateway, page: Page) -> None:
        self._network = network
        self._gateway = gateway
        self._page = page
        self.loads: list[Load] = []

    def routes(self) -> list[web.AbstractRouteDef]:
        table: list[tuple[str, str, Callable[[web.Request, Any], Any]]] = [
            ("GET", "", self.state),
            ("POST", "/inbound", self.inbound),
            ("GET", "/calls", self.calls),
            ("POST", "/calls/{sid}/{deed}", self.deed),
            ("POST", "/clients/{identity}/call", self.client_call),
            ("POST", "/clients/expire", self.expire),
            ("POST", "/clients/disconnect", self.disconnect),
            ("POST", "/messages", self.message),
            ("POST", "/messages/{sid}/status", self.message_status),
            ("POST", "/people", self.people),
            ("POST", "/send", self.send),
            ("GET", "/policies", self.policies),
            ("POST", "/policies", self.set_policy),
            ("DELETE", "/policies", self.clear_policies),
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("GET", "/journal", self.journal),
            ("DELETE", "/journal", self.clear_journal),
            ("POST", "/expect", self.expect),
            ("GET", "/clock", self.clock),
            ("POST", "/clock", self.set_clock),
            ("GET", "/behaviour", self.behaviour),
            ("POST", "/behaviour", self.set_behaviour),
            ("GET", "/load", self.load),
            ("POST", "/load", self.start_load),
            ("DELETE", "/load", self.stop_load),
            ("POST", "/reset", self.reset),
        ]
        return [web.route(method, f"/_sim{path}", _door(handler)) for method, path, handler in table]

    def state(self, request: web.Request, _: Any) -> Any:
        """What the account owns and how much goes on."""
        network = self._network
        live = [leg for leg in network.legs.values() if not leg.is_over]
        return {
            "account": network.account.sid,
            "numbers": [number.phone_number for number in network.account.numbers.values()],
            "applications": list(network.account.applications),
            "clients": sorted(network.clients),
            "calls": len(network.legs),
            "live_calls": len(live),
            "conferences": sum(not c.is_over for c in network.conferences.values()),
            "queued": {q.friendly_name: len(q.members) for q in network.queues.values()},
            "journal": len(network.journal),
            "now": network.clock.now(),
            "scale": network.clock.scale,
        }

    def inbound(self, request: web.Request, body: Any) -> Any:
        """`{"from", "to"?, "script"?, "extra"?}`: a customer rings the company."""
        network = self._network
        script = Script.of({"talk": 0, **body.get("script", {})})
        to = str(body.get("to") or _first_number(network))
        party = ScriptedParty(network, script)
        leg = network.place_inbound(str(body["from"]), to, party, **_words(body.get("extra", {})))
        return _brief(leg)

    def calls(self, request: web.Request, _: Any) -> Any:
        """`?live=1`, `?to=`, `?parent=`: newest first."""
        asked = request.query
        found = (
            leg
            for leg in reversed(self._network.legs.values())
            if (not asked.get("live") or not leg.is_over)
            and asked.get("to", leg.to) == leg.to
            and ("parent" not in asked or (leg.parent is not None and leg.parent.sid == asked["parent"]))
        )
        return {"calls": [_brief(leg) for leg, _ in zip(found, range(1000), strict=False)]}

    def deed(self, request: web.Request, body: Any) -> Any:
        """What a party does: answer, reject, hangup, press `{"digits"}`, speak `{"text", "confidence"?}`."""
        network = self._network
        leg = network.legs.get(request.match_info["sid"])
        if leg is None:
            raise web.HTTPNotFound
        deed = DEEDS.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound
        deed(network, leg, body)
        return _brief(leg)

    def client_call(self, request: web.Request, body: Any) -> Any:
        """`{"parameters", "application"?, "script"?}`: a browser phone without a browser calls."""
        network = self._network
        party = ScriptedParty(network, Script.of({"talk": 0, **body.get("script", {})}))
        application = str(body.get("application") or next(iter(network.account.applications), ""))
        identity = request.match_info["identity"]
        leg = network.place_from_client(identity, _words(body.get("parameters", {})), party, application)
        return _brief(leg)

    def expire(self, request: web.Request, body: Any) -> Any:
        """`{"identity"?}`: the tokens of browser phones expire now."""
        return {"phones": self._gateway.expire(str(body.get("identity", "")))}

    def disconnect(self, request: web.Request, body: Any) -> Any:
        """`{"identity"?}`: their sockets break."""
        return {"phones": self._gateway.disconnect(str(body.get("identity", "")))}

    def message(self, request: web.Request, body: Any) -> Any:
        """`{"from", "to"?, "body", "media"?}`: a customer sends a text."""
        network = self._network
        to = str(body.get("to") or _first_number(network))
        media = tuple(str(url) for url in body.get("media", ()))
        message = receive(network, str(body["from"]), to, str(body.get("body", "")), media)
        return _brief_message(message)

    def message_status(self, request: web.Request, body: Any) -> Any:
        """`{"status", "error_code"?}`: tell of a message what it says, out of turn if it likes."""
        message = self._network.messages.get(request.match_info["sid"])
        if message is None:
            raise web.HTTPNotFound
        code = body.get("error_code")
        move(self._network, message, str(body["status"]), int(code) if code is not None else None)
        return _brief_message(message)

    def people(self, request: web.Request, body: Any) -> Any:
        """`{"people": [{"name", "number", "note"?}]}`: whom the page suggests to play."""
        people = [
            Person(str(each["name"]), str(each["number"]), str(each.get("note", "")))
            for each in body["people"]
        ]
        self._page.suggest(people)
        return {"people": [asdict(person) for person in people]}

    async def send(self, request: web.Request, body: Any) -> Any:
        """`{"url", "params", "kind"?, "method"?}`: a request made by hand, signed as any other (faults apply)."""
        params = [(str(name), str(value)) for name, value in body.get("params", {}).items()]
        hook = Webhook(
            str(body.get("kind", "hand")), str(body["url"]), params, str(body.get("method", "POST"))
        )
        answer = await self._network.courier.ask(hook, Line())
        return {"status": answer.status, "body": answer.body, "failure": answer.failure, "code": answer.code}

    def policies(self, request: web.Request, _: Any) -> Any:
        rules = self._network.policies.rules
        return {"policies": [asdict(rule) for rule in rules]}

    def set_policy(self, request: web.Request, body: Any) -> Any:
        """`{"pattern": "+8490*", "script": {"outcome": "busy"}}`, or `"mix": [[0.7, {…}], [0.3, {…}]]`."""
        self._network.policies.add(Policy.of(body))
        return self.policies(request, body)

    def clear_policies(self, request: web.Request, _: Any) -> Any:
        """All, or the one of `?pattern=`."""
        if "pattern" in request.query:
            self._network.policies.remove(request.query["pattern"])
        else:
            self._network.policies.rules.clear()
        return self.policies(request, None)

    def faults(self, request: web.Request, _: Any) -> Any:
        rules = [asdict(rule) | {"nth": sorted(rule.nth)} for rule in self._network.faults.rules]
        return {"faults": rules}

    def add_fault(self, request: web.Request, body: Any) -> Any:
        """A rule, or a list of them."""
        added = [self._network.faults.add(rule).name for rule in (body if isinstance(body, list) else [body])]
        return {"added": added}

    def clear_faults(self, request: web.Request, _: Any) -> Any:
        """All, or the one of `?name=`."""
        if "name" in request.query:
            self._network.faults.remove(request.query["name"])
        else:
            self._network.faults.clear()
        return self.faults(request, None)

    def journal(self, request: web.Request, _: Any) -> Any:
        """`?since=&limit=` and any field of an entry: `?direction=sent&kind=status&event=completed&call=CA…`."""
        wanted = dict(request.query)
        since, limit = int(wanted.pop("since", 0)), int(wanted.pop("limit", JOURNAL_PAGE))
        entries: list[dict[str, Any]] = []
        for entry in self._network.journal.find(since, **wanted):
            if len(entries) == limit:
                break
            entries.append(entry.as_json())
        return {"entries": entries, "last": entries[-1]["number"] if entries else since}

    def clear_journal(self, request: web.Request, _: Any) -> Any:
        self._network.journal.clear()
        return {}

    async def expect(self, request: web.Request, body: Any) -> Any:
        """`{"where": {…}, "count"?, "least"?, "within"?}`: wait (seconds of the wall) until the journal holds it.

        Answered 409 with what there is when it does not.
        """
        where = _words(body.get("where", {}))
        exact, least = body.get("count"), int(body.get("least", 1))
        loop = asyncio.get_running_loop()
        end = loop.time() + float(body.get("within", 5.0))
        while True:
            found = [
                entry.as_json()
                for entry in self._network.journal.find(0, **where)
                if _answered(entry.as_json())
            ]
            if len(found) >= (int(exact) if exact is not None else least):
                break
            if loop.time() > end:
                break
            await asyncio.sleep(0.02)
        met = len(found) == exact if exact is not None else len(found) >= least
        answer = {"met": met, "found": len(found), "entries": found[:100]}
        return answer if met else web.json_response(answer, status=409)

    def clock(self, request: web.Request, _: Any) -> Any:
        return {"now": self._network.clock.now(), "scale": self._network.clock.scale}

    async def set_clock(self, request: web.Request, body: Any) -> Any:
        """`{"scale": 60 | "max" | 0}`, `{"advance": seconds}`, `{"run_until_idle": at most seconds}`."""
        clock, idle = self._network.clock, None
        if "scale" in body:
            clock.set_scale(body["scale"])
        if "advance" in body:
            await clock.advance(float(body["advance"]))
        if "run_until_idle" in body:
            idle = await clock.run_until_idle(float(body["run_until_idle"]))
        return {"now": clock.now(), "scale": clock.scale} | ({"idle": idle} if idle is not None else {})

    def behaviour(self, request: web.Request, _: Any) -> Any:
        return asdict(self._network.behaviour)

    def set_behaviour(self, request: web.Request, body: Any) -> Any:
        """Any of the fields of `Behaviour`."""
        known = {field.name: type(getattr(Behaviour(), field.name)) for field in fields(Behaviour)}
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"behaviour: unknown {name}")
            setattr(self._network.behaviour, name, known[name](value))
        return asdict(self._network.behaviour)

    def load(self, request: web.Request, _: Any) -> Any:
        return {"loads": [load.report() for load in self.loads]}

    def start_load(self, request: web.Request, body: Any) -> Any:
        """A scenario: `{"rate", "seconds", "script", …}`; see docs/carrier.md."""
        load = Load(self._network, Scenario.of(body))
        self.loads.append(load)
        load.start()
        return load.report()

    def stop_load(self, request: web.Request, _: Any) -> Any:
        """No more calls; those in progress go on."""
        for load in self.loads:
            load.stop()
        return {"loads": [load.report() for load in self.loads]}

    async def reset(self, request: web.Request, body: Any) -> Any:
        """Forget all but numbers and applications; with `{"seed"}` chance begins anew."""
        for load in self.loads:
            load.stop()
        self.loads.clear()
        await self._network.reset(body.get("seed"))
        return {}


def _door(
    handler: Callable[[web.Request, Any], Any],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            # Another page of the same browser must not pull the strings.
            return web.json_response({"error": "not from another site"}, status=403)
        try:
            body = await request.json() if request.can_read_body else {}
            answer = handler(request, body)
            if isinstance(answer, Awaitable):
                answer = await answer
        except KeyError as error:
            return web.json_response({"error": f"{error.args[0]} is missing"}, status=400)
        except (
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            WrongState,
            json.JSONDecodeError,
        ) as error:
            return web.json_response({"error": str(error)}, status=400)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    return handle


def _first_number(network: Network) -> str:
    number = next(iter(network.account.numbers.values()), None)
    if number is None:
        raise LookupError("the account owns no number")
    return number.phone_number


def _words(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise TypeError("an object is wanted here")
    return {str(name): str(value) for name, value in values.items()}


def _answered(entry: dict[str, Any]) -> bool:
    """Whether an entry is complete: a request still under way counts when its answer is there."""
    return entry["direction"] != "sent" or bool(entry["status"] or entry["error"])


def _brief(leg: Leg) -> dict[str, Any]:
    """A call in a few words."""
    place = leg.place
    return {
        "call_sid": leg.sid,
        "parent": leg.parent.sid if leg.parent is not None else None,
        "direction": leg.direction,
        "from": leg.from_,
        "to": leg.to,
        "status": leg.status,
        "place": type(place).__name__ if place is not None else None,
        "conference": _conference(place),
        "duration": leg.duration,
        "parameters": dict(leg.parameters),
    }


def _conference(place: object) -> str | None:
    conference = getattr(place, "conference", None)
    return conference.sid if isinstance(conference, Conference) else None


def _brief_message(message: Message) -> dict[str, Any]:
    return {"message_sid": message.sid, "from": message.from_, "to": message.to, "status": message.status}
