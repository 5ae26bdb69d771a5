"""Queues: callers who wait, hear something, leave, are fetched."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.call_center.carrier.application import INBOUND, STATUS, Exchange

WAIT = '<Response><Enqueue action="/after" waitUrl="/wait">support</Enqueue></Response>'
MUSIC = "<Response><Say>Please wait for the next free agent now</Say><Pause length='10'/></Response>"


@pytest.fixture(autouse=True)
def _waiting_room(exchange: Exchange) -> None:
    exchange.application.answers |= {INBOUND: WAIT, "/wait": MUSIC}


def test_a_caller_waits_and_hears_where_in_the_queue(exchange: Exchange) -> None:
    exchange.ring("+84900000001")
    exchange.ring("+84900000002")
    exchange.pass_(30)
    first = [a for a in exchange.application.to("/wait") if a["From"] == "+84900000001"]
    second = [a for a in exchange.application.to("/wait") if a["From"] == "+84900000002"]
    assert [a["QueuePosition"] for a in first] == ["1", "1", "1"]
    assert [a["QueueTime"] for a in second] == ["0", "13", "26"]
    assert second[0]["QueuePosition"] == "2"
    queue = exchange.client.queues.list()[0]
    assert (queue.friendly_name, queue.current_size) == ("support", 2)
    assert exchange.client.queues(queue.sid).members("Front").fetch().position == 1


def test_a_caller_who_hangs_up_in_the_queue_is_reported_as_such(exchange: Exchange) -> None:
    exchange.ring(patience=25)
    exchange.pass_(40)
    after = exchange.application.to("/after")[0]
    assert (after["QueueResult"], after["QueueTime"], after["CallStatus"]) == ("hangup", "25", "completed")
    assert exchange.application.to(STATUS)[0]["CallStatus"] == "completed"
    assert exchange.client.queues.list()[0].current_size == 0


@pytest.mark.parametrize("way", ["member", "call"])
def test_a_caller_fetched_by_the_api_gets_new_instructions(exchange: Exchange, way: str) -> None:
    exchange.application.answers["/agent"] = "<Response><Pause length='60'/></Response>"
    call = exchange.ring()
    exchange.pass_(20)
    queue, url = exchange.client.queues.list()[0].sid, f"{exchange.application.url}/agent"
    if way == "member":
        exchange.client.queues(queue).members("Front").update(url=url)
    else:
        exchange.client.calls(call).update(url=url)
    exchange.until(lambda: bool(exchange.application.to("/after") and exchange.application.to("/agent")))
    after = exchange.application.to("/after")[0]
    assert (after["QueueResult"], after["QueueTime"], after["CallStatus"]) == (
        "redirected",
        "20",
        "in-progress",
    )
    assert exchange.status(call) == "in-progress"
    with pytest.raises(TwilioRestException) as nobody:
        exchange.client.queues(queue).members("Front").fetch()
    assert nobody.value.code == 20404


def test_the_waiting_room_can_send_the_caller_away(exchange: Exchange) -> None:
    exchange.application.answers["/wait"] = "<Response><Pause length='5'/><Leave/></Response>"
    exchange.ring()
    exchange.pass_(10)
    assert exchange.application.to("/after")[0]["QueueResult"] == "leave"


def test_a_waiting_room_that_fails_gives_the_caller_back(exchange: Exchange) -> None:
    exchange.application.answers["/wait"] = 503
    exchange.ring()
    exchange.pass_(1)
    assert exchange.application.to("/after")[0]["QueueResult"] == "system-error"


def test_the_waiting_room_offers_a_choice_by_key(exchange: Exchange) -> None:
    exchange.application.answers |= {
        "/wait": '<Response><Gather numDigits="1" timeout="30" action="/choice"/></Response>',
        "/choice": "<Response><Leave/></Response>",
    }
    call = exchange.ring()
    exchange.pass_(5)
    exchange.sim("POST", f"/calls/{call}/press", digits="1")
    exchange.pass_(1)
    assert exchange.application.to("/choice")[0]["Digits"] == "1"
    assert exchange.application.to("/after")[0]["QueueResult"] == "leave"


def test_verbs_that_do_not_belong_into_a_waiting_room_are_left_out(exchange: Exchange) -> None:
    exchange.application.answers["/wait"] = (
        "<Response><Dial>+84281111111</Dial><Pause length='50'/></Response>"
    )
    exchange.ring()
    exchange.pass_(10)
    assert exchange.alerts() == ["12200"]
    assert len(exchange.client.calls.list()) == 1


def test_a_full_queue_takes_nobody_else(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = WAIT.replace("<Enqueue", '<Enqueue maxQueueSize="1"')
    exchange.ring("+84900000001")
    exchange.pass_(1)
    exchange.ring("+84900000002")
    exchange.pass_(1)
    after = exchange.application.to("/after")[0]
    assert (after["QueueResult"], after["From"]) == ("queue-full", "+84900000002")


def test_an_agent_who_dials_the_queue_talks_with_the_first_in_it(exchange: Exchange) -> None:
    exchange.application.answers |= {
        "/agent": '<Response><Dial action="/parted"><Queue url="/announce">support</Queue></Dial></Response>',
        "/announce": "<Response><Say>You are being connected</Say></Response>",
    }
    call = exchange.ring()
    exchange.pass_(20)
    exchange.policy("client:anna", ring=1, talk=0)
    agent = exchange.client.calls.create(
        to="client:anna", from_=exchange.number, url=f"{exchange.application.url}/agent"
    ).sid
    exchange.pass_(10)
    announced = exchange.application.to("/announce")[0]
    assert (announced["CallSid"], announced["DequeingCallSid"]) == (call, agent)
    exchange.pass_(30)
    exchange.sim("POST", f"/calls/{call}/hangup")
    exchange.pass_(1)
    assert exchange.application.to("/after")[0]["QueueResult"] == "bridged"
    assert exchange.application.to("/parted")[0]["DialCallStatus"] == "completed"


def test_an_agent_who_parts_from_a_caller_leaves_it_to_what_follows_the_queue(exchange: Exchange) -> None:
    exchange.application.answers |= {
        "/agent": "<Response><Dial><Queue>support</Queue></Dial></Response>",
        "/after": "<Response><Pause length='60'/></Response>",
    }
    call = exchange.ring()
    exchange.pass_(20)
    exchange.policy("client:anna", ring=1, talk=15)
    exchange.client.calls.create(
        to="client:anna", from_=exchange.number, url=f"{exchange.application.url}/agent"
    )
    exchange.pass_(30)
    after = exchange.application.to("/after")[0]
    assert (after["QueueResult"], after["QueueTime"], exchange.status(call)) == (
        "bridged",
        "21",
        "in-progress",
    )
