"""Load: calls by the thousand, by chance, the same chance for the same seed."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from call_center.carrier.server import Carrier
from tests.call_center.carrier.application import INBOUND, Exchange, open_application

AGENT = "<Response><Dial timeout='20'><Client>anna</Client></Dial></Response>"


def run(seed: int) -> dict[str, Any]:
    """Half an hour of calls, as fast as the machine goes."""
    with open_application() as application, Carrier(application.url, scale=0, seed=seed) as carrier:
        application.answers[INBOUND] = AGENT
        sim = f"{carrier.url}/_sim"
        requests.post(
            f"{sim}/policies",
            json={"pattern": "client:anna", "script": {"ring": [1, 8], "talk": 0}},
            timeout=5,
        )
        scenario: dict[str, Any] = {
            "rate": 0.05,
            "seconds": 1800,
            "talk": "exponential",
            "talk_mean": 60,
            "patience_mean": 15,
        }
        requests.post(f"{sim}/load", json=scenario, timeout=5)
        requests.post(f"{sim}/clock", json={"advance": 3600}, timeout=60)
        report: dict[str, Any] = requests.get(f"{sim}/load", timeout=5).json()["loads"][0]
        told = requests.get(f"{sim}/journal?kind=status&event=completed&limit=9999", timeout=5).json()[
            "entries"
        ]
        return report | {"told": len(told), "webhooks": len(application.asked)}


def test_the_same_seed_brings_the_same_calls_and_each_is_told_once() -> None:
    first, second, other = run(1), run(1), run(2)
    assert first == second
    assert first != other
    assert 50 < first["placed"] < 140
    assert (first["live"], first["running"]) == (0, False)
    assert first["served"] + first["abandoned"] == first["placed"] == first["told"]
    assert 0 < first["abandoned"] < first["placed"] / 2
    assert 40 < first["mean_talk"] < 85


def test_the_rate_follows_a_curve(exchange: Exchange) -> None:
    exchange.application.answers[INBOUND] = "<Response><Reject/></Response>"
    exchange.sim("POST", "/load", seconds=300, regular=True, curve="0,0.1\n100,0\n200,0.5")
    exchange.pass_(100)
    placed = exchange.sim("GET", "/load")["loads"][0]["placed"]
    assert placed in {9, 10}
    exchange.pass_(100)
    assert exchange.sim("GET", "/load")["loads"][0]["placed"] - placed <= 1
    exchange.pass_(150)
    assert exchange.sim("GET", "/load")["loads"][0]["placed"] in {59, 60}


@pytest.mark.parametrize(
    "scenario", [{"rat": 1}, {"talk": "long"}, {"curve": "a,b"}, {"script": {"song": 1}}]
)
def test_a_scenario_that_is_none_is_refused(exchange: Exchange, scenario: dict[str, Any]) -> None:
    response = requests.post(f"{exchange.carrier.url}/_sim/load", json=scenario, timeout=5)
    assert response.status_code == 400
    assert next(iter(scenario)) in response.json()["error"]


def erlang_a(arrivals: float, talk: float, patience: float, agents: int) -> float:
    """Share of callers who give up in M/M/n+M: rate of abandonment over rate of arrival, by its birth-death chain."""
    weights = [1.0]
    for state in range(1, agents + 500):
        leaving = min(state, agents) / talk + max(0, state - agents) / patience
        weights.append(weights[-1] * arrivals / leaving)
    waiting = sum(weight * max(0, state - agents) for state, weight in enumerate(weights)) / sum(weights)
    return waiting / patience / arrivals


def test_a_queue_of_impatient_callers_behaves_as_theory_says(exchange: Exchange) -> None:
    agents, rate, talk, patience = 8, 0.15, 60.0, 45.0
    exchange.application.answers |= {
        INBOUND: "<Response><Enqueue>q</Enqueue></Response>",
        "/agent": '<Response><Dial timeout="86400"><Queue>q</Queue></Dial><Redirect/></Response>',
    }
    exchange.policy("client:*", ring=0, talk=0)
    exchange.client.queues.create(friendly_name="q")
    for number in range(agents):
        exchange.client.calls.create(
            to=f"client:agent{number}", from_=exchange.number, url=f"{exchange.application.url}/agent"
        )
    exchange.pass_(1)
    scenario = {
        "talk": "exponential",
        "talk_mean": talk,
        "patience": "exponential",
        "patience_mean": patience,
    }
    exchange.sim("POST", "/load", rate=rate, seconds=3000, **scenario)
    exchange.pass_(3600)
    report = exchange.sim("GET", "/load")["loads"][0]
    share = report["abandoned"] / report["placed"]
    assert report["placed"] > 350
    assert share == pytest.approx(erlang_a(rate, talk, patience, agents), abs=0.06)
    assert report["mean_talk"] == pytest.approx(talk, rel=0.15)
