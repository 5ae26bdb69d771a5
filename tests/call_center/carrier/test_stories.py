"""Random stories: whatever people and programs do to their calls, the account of it adds up."""

from __future__ import annotations

import random
from typing import Any

import pytest
import requests

from call_center.carrier.server import Carrier
from tests.call_center.carrier.application import INBOUND, STATUS, Application, open_application

CLIENT = (
    '<Client statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">{}</Client>'
)
VERBS = [
    "<Say>Hello there</Say>",
    "<Pause length='2'/>",
    '<Gather numDigits="1" timeout="3" action="/next"><Say>Press one</Say></Gather>',
    '<Record maxLength="5" action="/next" recordingStatusCallback="/file"/>',
    f'<Dial action="/next" timeout="8" record="record-from-answer">{CLIENT.format("a")}{CLIENT.format("b")}</Dial>',
    f'<Dial action="/next" timeout="4" sequential="true">{CLIENT.format("b")}{CLIENT.format("c")}</Dial>',
    f"<Dial>{CLIENT.format('a')}</Dial>",
    '<Dial action="/next"><Conference statusCallback="/room" statusCallbackEvent="start end join leave">r</Conference>'
    "</Dial>",
    '<Dial action="/next" timeout="5"><Queue>q</Queue></Dial>',
    '<Enqueue action="/next" waitUrl="/wait">q</Enqueue>',
    '<Enqueue waitUrl="/wait">q</Enqueue>',
    "<Redirect>/next</Redirect>",
    "<Hangup/>",
    "<Reject/>",
]
DEEDS: list[tuple[str, dict[str, Any]]] = [
    ("hangup", {}), ("press", {"digits": "1"}), ("answer", {}), ("reject", {}), ("speak", {"text": "yes"}),
]  # fmt: skip
RANK = {"initiated": 0, "ringing": 1, "in-progress": 2}


def improvise(application: Application, chance: random.Random) -> None:
    """Every document is another one, and none goes on for ever."""
    left = [60]

    def document(form: dict[str, str]) -> str:
        left[0] -= 1
        verbs = chance.choices(VERBS, k=chance.randint(1, 3)) if left[0] > 0 else ["<Hangup/>"]
        return f"<Response>{''.join(verbs)}</Response>"

    application.answers |= {
        INBOUND: document,
        "/next": document,
        "/wait": "<Response><Pause length='3'/></Response>",
    }


@pytest.mark.parametrize("seed", range(8))
def test_every_call_ends_once_and_is_told_in_order(seed: int) -> None:
    chance = random.Random(seed)
    with open_application() as application, Carrier(application.url, scale=0, seed=seed) as carrier:
        improvise(application, chance)
        web = requests.Session()
        web.auth = (carrier.account.sid, carrier.account.token)
        sim, api = f"{carrier.url}/_sim", f"{carrier.url}/2010-04-01/Accounts/{carrier.account.sid}"

        def do(path: str, **body: Any) -> Any:
            return web.post(sim + path, json=body, timeout=20).json()

        do("/policies", pattern="client:a", script={"ring": [1, 6], "talk": [1, 9]})
        do(
            "/policies",
            pattern="client:b",
            script={"outcome": chance.choice(["busy", "no-answer", "answer"])},
        )
        for _ in range(25):
            what = chance.random()
            live = web.get(f"{sim}/calls?live=1", timeout=20).json()["calls"]
            if what < 0.3:
                do("/inbound", **{"from": "+84901234567", "script": {"patience": chance.choice([0, 4, 20])}})
            elif what < 0.6 and live:
                deed, body = chance.choice(DEEDS)
                do(f"/calls/{chance.choice(live)['call_sid']}/{deed}", **body)
            elif what < 0.8 and live:
                change = chance.choice([{"Status": "completed"}, {"Url": f"{application.url}/next"}])
                web.post(f"{api}/Calls/{chance.choice(live)['call_sid']}.json", data=change, timeout=20)
            do("/clock", advance=chance.uniform(0, 6))
        for call in web.get(f"{sim}/calls?live=1", timeout=20).json()["calls"]:
            web.post(f"{api}/Calls/{call['call_sid']}.json", data={"Status": "completed"}, timeout=20)
        do("/clock", advance=60)
        state = web.get(sim, timeout=20).json()
        calls = web.get(f"{sim}/calls", timeout=20).json()["calls"]
        alerts = web.get(f"{sim}/journal?direction=alert", timeout=20).json()["entries"]
        rooms = web.get(f"{api}/Conferences.json", timeout=20).json()["conferences"]
        web.close()
    assert [alert["error"] for alert in alerts if alert["error"].startswith("20500")] == []
    assert (state["live_calls"], sum(state["queued"].values()), state["conferences"]) == (0, 0, 0)
    ended = [a["CallSid"] for a in application.to(STATUS)]
    assert sorted(ended) == sorted(call["call_sid"] for call in calls if call["direction"] == "inbound")
    for call in calls:
        if call["parent"]:
            steps = [a["CallStatus"] for a in application.to("/leg") if a["CallSid"] == call["call_sid"]]
            assert steps[-1] == call["status"]
            assert [RANK[step] for step in steps[:-1]] == sorted(RANK[step] for step in steps[:-1])
    for room in rooms:
        told = [
            a["StatusCallbackEvent"] for a in application.to("/room") if a["ConferenceSid"] == room["sid"]
        ]
        assert told.count("participant-join") == told.count("participant-leave")
        assert told[-1] == "conference-end"
    assert all(asked.signed for asked in application.asked)
