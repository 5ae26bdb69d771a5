"""Twelve calls as the provider tells of them: all notices of each, with the moments it gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.call_center.provider import ACCOUNT

Notice = tuple[str, dict[str, str]]
"""(kind, parameters) as `call_log.note` takes them."""

CUSTOMER = "+84912345678"
LINE = "+842873001234"


class Told:
    """The notices of one call, collected."""

    def __init__(self, root: str, began: datetime, *, agent: int, uid: str = "") -> None:
        self.root, self.began, self.agent, self.uid = root, began, agent, uid
        self.notices: list[Notice] = []

    def leg(self, place: int) -> str:
        return f"{self.root[:-2]}{place:02d}"

    def say(self, kind: str, **said: object) -> None:
        facts = {"AccountSid": ACCOUNT, "CallSid": self.root, **{k: str(v) for k, v in said.items()}}
        self.notices.append((kind, facts))

    def stamp(self, after: int) -> str:
        return format_datetime((self.began + timedelta(seconds=after)).replace(tzinfo=UTC))

    def inbound(self, **more: object) -> None:
        self.say("voice", From=CUSTOMER, To=LINE, Direction="inbound", CallStatus="ringing", **more)

    def child(self, place: int, *story: tuple[str, int], seconds: int | None = None, **more: object) -> None:
        """The notices of a leg that was dialled: (status, seconds after the beginning)."""
        known = {
            "CallSid": self.leg(place),
            "ParentCallSid": self.root,
            "From": CUSTOMER,
            "To": f"client:agent_{self.agent}",
            "Direction": "outbound-dial",
            "_agent": self.agent,
        }
        for number, (status, after) in enumerate(story):
            last = {"CallDuration": seconds} if seconds is not None and number == len(story) - 1 else {}
            self.say(
                "status",
                **{**known, **more},
                CallStatus=status,
                SequenceNumber=number,
                Timestamp=self.stamp(after),
                **last,
            )

    def dialled(self, place: int, status: str, **more: object) -> None:
        self.say("dial", CallStatus="in-progress", DialCallSid=self.leg(place), DialCallStatus=status, **more)

    def ended(self, after: int, status: str = "completed", **more: object) -> None:
        self.say(
            "status",
            **{"From": CUSTOMER, "To": LINE, "Direction": "inbound", **more},
            CallStatus=status,
            SequenceNumber=0,
            CallDuration=after,
            Timestamp=self.stamp(after),
        )


def answered(told: Told) -> None:
    told.inbound()
    told.child(1, ("initiated", 0), ("ringing", 1), ("in-progress", 6), ("completed", 66), seconds=60)
    told.dialled(1, "completed", DialCallDuration=60)
    told.ended(67)


def given_up_while_ringing(told: Told) -> None:
    told.inbound()
    told.child(1, ("initiated", 0), ("ringing", 1), ("canceled", 9))
    told.dialled(1, "canceled")
    told.ended(9)


def second_agent_answers(told: Told) -> None:
    told.inbound()
    told.child(1, ("initiated", 0), ("ringing", 1), ("no-answer", 21))
    told.dialled(1, "no-answer")
    told.child(2, ("initiated", 22), ("ringing", 23), ("in-progress", 27), ("completed", 57), seconds=30)
    told.dialled(2, "completed", DialCallDuration=30)
    told.ended(58)


def pressed_away(told: Told) -> None:
    told.inbound()
    told.child(1, ("initiated", 0), ("ringing", 1), ("busy", 4))
    told.dialled(1, "busy")
    told.ended(20)


def waits_and_gives_up(told: Told) -> None:
    told.inbound()
    told.say("wait", CallStatus="in-progress", QueueTime=0)
    told.say("wait", CallStatus="in-progress", QueueTime=20)
    told.say("queue", CallStatus="completed", QueueResult="hangup", QueueTime=31)
    told.ended(31)


def waits_and_is_fetched(told: Told) -> None:
    told.inbound()
    told.say("wait", CallStatus="in-progress", QueueTime=0)
    told.say("queue", CallStatus="in-progress", QueueResult="redirected", QueueTime=12)
    told.child(1, ("initiated", 12), ("ringing", 13), ("in-progress", 16), ("completed", 46), seconds=30)
    told.dialled(1, "completed", DialCallDuration=30)
    told.ended(47)


def leaves_a_message(told: Told) -> None:
    told.inbound()
    record = "RE" + told.root[2:]
    told.say("voicemail", CallStatus="in-progress", RecordingDuration=9, RecordingUrl=f"https://x/{record}")
    for status in ("in-progress", "completed"):
        told.say(
            "recording",
            RecordingSid=record,
            RecordingStatus=status,
            RecordingDuration=9,
            RecordingSource="RecordVerb",
        )
    told.ended(30)


def recorded(told: Told) -> None:
    answered(told)
    for status in ("in-progress", "completed"):
        more = {"RecordingDuration": 60} if status == "completed" else {}
        told.say(
            "recording",
            RecordingSid="RE" + told.root[2:],
            RecordingStatus=status,
            RecordingSource="DialVerb",
            **more,
        )


def held_in_a_conference(told: Told) -> None:
    told.inbound()
    told.child(1, ("initiated", 0), ("ringing", 1), ("in-progress", 5), ("completed", 95), seconds=90)
    told.dialled(1, "completed", DialBridged="true")
    for number, event in enumerate(("participant-join", "conference-start", "participant-hold")):
        told.say(
            "conference", ConferenceSid="CF" + told.root[2:], StatusCallbackEvent=event, SequenceNumber=number
        )
    told.ended(96)


def called_out(told: Told) -> None:
    ours = {"From": f"client:agent_{told.agent}", "To": "", "Direction": "inbound"}
    told.say("outbound", **ours, CallStatus="ringing", _request=told.uid)
    other: dict[str, Any] = {"From": LINE, "To": CUSTOMER, "_agent": ""}
    story = (("initiated", 1), ("ringing", 3), ("in-progress", 11), ("completed", 71))
    told.child(1, *story, seconds=60, **other)
    told.dialled(1, "completed", DialCallDuration=60)
    told.ended(72, **ours)


def called_out_in_vain(told: Told) -> None:
    ours = {"From": f"client:agent_{told.agent}", "To": "", "Direction": "inbound"}
    told.say("outbound", **ours, CallStatus="ringing", _request=told.uid)
    other: dict[str, Any] = {"From": LINE, "To": CUSTOMER, "_agent": ""}
    told.child(1, ("initiated", 1), ("ringing", 3), ("no-answer", 33), **other)
    told.dialled(1, "no-answer")
    told.ended(34, **ours)


def agents_telephone_first(told: Told) -> None:
    ours = {"From": LINE, "To": "+84900000001", "Direction": "outbound-api", "_agent": told.agent}
    for number, (status, after) in enumerate((("initiated", 0), ("ringing", 1), ("in-progress", 5))):
        told.say("status", **ours, CallStatus=status, SequenceNumber=number, Timestamp=told.stamp(after))
    told.say("outbound", **ours, CallStatus="in-progress", _request=told.uid)
    other: dict[str, Any] = {"From": LINE, "To": CUSTOMER, "_agent": ""}
    story = (("initiated", 6), ("ringing", 8), ("in-progress", 15), ("completed", 45))
    told.child(1, *story, seconds=30, **other)
    told.dialled(1, "completed", DialCallDuration=30)
    told.say(
        "status",
        **ours,
        CallStatus="completed",
        SequenceNumber=3,
        CallDuration=40,
        Timestamp=told.stamp(46),
    )


SCENARIOS: dict[str, tuple[Callable[[Told], None], str]] = {
    "answered": (answered, "completed"),
    "given up while ringing": (given_up_while_ringing, "missed"),
    "second agent answers": (second_agent_answers, "completed"),
    "pressed away": (pressed_away, "missed"),
    "waits and gives up": (waits_and_gives_up, "missed"),
    "waits and is fetched": (waits_and_is_fetched, "completed"),
    "leaves a message": (leaves_a_message, "voicemail"),
    "recorded": (recorded, "completed"),
    "held in a conference": (held_in_a_conference, "completed"),
    "called out": (called_out, "completed"),
    "called out in vain": (called_out_in_vain, "no_answer"),
    "agent's telephone first": (agents_telephone_first, "completed"),
}
"""Name → (its notices, the status it must end with). Outgoing ones need a call that was asked for."""

OUTGOING = ("called out", "called out in vain", "agent's telephone first")
