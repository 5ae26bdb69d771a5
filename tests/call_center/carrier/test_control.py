"""The control API and the command line."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.call_center.carrier.application import INBOUND, STATUS, Exchange


def test_the_journal_shows_what_was_sent_and_what_came_back(exchange: Exchange) -> None:
    exchange.application.answers |= {INBOUND: "<Response><Say>Hello</Say></Response>", STATUS: 204}
    call = exchange.ring()
    exchange.pass_(5)
    exchange.client.calls(call).fetch()
    entries = exchange.sim("GET", f"/journal?call={call}")["entries"]
    assert [(e["direction"], e["kind"], e["event"], e["status"]) for e in entries] == [
        ("sent", "voice", "", 200), ("sent", "status", "completed", 204), ("received", "rest", "", 200),
    ]  # fmt: skip
    sent = entries[0]
    assert sent["body"] == "<Response><Say>Hello</Say></Response>"
    assert sent["signature"] == exchange.application.to(INBOUND)[0].headers["X-Twilio-Signature"]
    assert ["CallSid", call] in sent["params"]
    assert exchange.sim("GET", f"/journal?since={entries[1]['number']}&kind=rest")["entries"]
    events = exchange.client.calls(call).events.list()
    assert [event.response["response_code"] for event in events] == [200, 204]


def test_a_test_waits_for_what_the_journal_will_hold(exchange: Exchange) -> None:
    exchange.ring()
    met = exchange.sim("POST", "/expect", where={"kind": "voice", "url": INBOUND}, count=1)
    assert met["met"] is True
    url = f"{exchange.carrier.url}/_sim/expect"
    missed = requests.post(url, json={"where": {"kind": "recording"}, "within": 0.05}, timeout=5)
    assert (missed.status_code, missed.json()["found"]) == (409, 0)


def test_a_reset_forgets_calls_and_rules_and_keeps_numbers(exchange: Exchange) -> None:
    exchange.policy("*", outcome="busy")
    exchange.sim("POST", "/faults", fault="drop")
    exchange.ring()
    exchange.sim("POST", "/reset", all=True)
    state = exchange.sim("GET", "")
    assert (state["calls"], state["journal"], state["numbers"]) == (0, 0, [exchange.number])
    assert exchange.sim("GET", "/policies") == {"policies": []}
    assert exchange.sim("GET", "/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/inbound", {}, "from is missing"),
        ("/inbound", {"from": "+849", "to": "+1"}, "not a number of this account"),
        ("/inbound", {"from": "+849", "script": {"outcome": "sing"}}, "outcome"),
        ("/policies", {"pattern": "*", "script": {"mood": 1}}, "unknown mood"),
        ("/policies", {"pattern": "*", "mix": [[0, {}]]}, "mix"),
        ("/behaviour", {"speed": 1}, "unknown speed"),
        ("/clock", {"scale": "warp"}, "warp"),
        ("/inbound", ["from"], "list"),
    ],
)
def test_what_is_wrong_is_said(exchange: Exchange, path: str, body: Any, reason: str) -> None:
    response = requests.post(f"{exchange.carrier.url}/_sim{path}", json=body, timeout=5)
    assert response.status_code == 400
    assert reason in response.json()["error"]


def test_numbers_behave_by_shares_and_the_same_seed_draws_the_same(exchange: Exchange) -> None:
    def outcomes() -> list[str]:
        exchange.sim("POST", "/reset", seed=5)
        mix = [[3, {"outcome": "answer", "ring": 0, "talk": 5}], [1, {"outcome": "busy", "ring": 0}]]
        exchange.sim("POST", "/policies", pattern="+8428*", mix=mix)
        calls = [
            exchange.client.calls.create(to="+84281111111", from_=exchange.number, twiml="<Response/>").sid
            for _ in range(24)
        ]
        exchange.pass_(10)
        return [exchange.status(sid) for sid in calls]

    first = outcomes()
    assert 2 <= first.count("busy") <= 12
    assert first.count("busy") + first.count("completed") == 24
    assert outcomes() == first


def test_other_sites_cannot_pull_the_strings(exchange: Exchange) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = requests.post(f"{exchange.carrier.url}/_sim/reset", headers=headers, timeout=5)
    assert response.status_code == 403


def test_a_request_is_made_by_hand_and_signed(exchange: Exchange) -> None:
    exchange.application.answers["/odd"] = 204
    answer = exchange.sim(
        "POST", "/send", url=f"{exchange.application.url}/odd", params={"CallSid": "CA1", "CallStatus": "?"}
    )
    assert answer["status"] == 204
    assert exchange.application.to("/odd")[0].signed


def test_the_command_starts_says_where_and_stops() -> None:
    command = [
        sys.executable,
        "-m",
        "call_center.carrier",
        "--port",
        "0",
        "--number",
        "+84283000001",
        "--scale",
        "10",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"carrier on (http://127\.0\.0\.1:\d+)  account AC", line)
        assert found, line
        assert requests.get(f"{found[1]}/_sim", timeout=5).json()["numbers"] == ["+84283000001"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_command_refuses_what_it_does_not_understand() -> None:
    command = [sys.executable, "-m", "call_center.carrier", "--scale", "warp"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "--scale" in done.stderr
