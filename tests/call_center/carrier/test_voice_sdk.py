"""The unmodified Voice SDK in a real browser, a customer on the carrier's page, and a company between them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from call_center.carrier.recording import Recording
from call_center.carrier.server import Carrier
from call_center.carrier.sound import loudness
from tests.call_center.carrier.company import Company, eventually

# aioice leaves its socket open when a side hangs up while it still looks for a way.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

LAN = "+84901234500"
SECONDS = 1000
RING_ANNA = (
    '<Response><Dial record="record-from-answer-dual"><Client><Identity>anna</Identity>'
    '<Parameter name="call_id" value="42"/><Parameter name="name" value="Lan &amp; con ở Huế"/>'
    "</Client></Dial></Response>"
)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-US")
    context.set_default_timeout(10 * SECONDS)
    yield context
    context.close()


class Phone:
    """A tab with the Voice SDK."""

    def __init__(self, context: BrowserContext, company: Company, identity: str, **token: Any) -> None:
        self.page = context.new_page()
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(company.url)
        query = "&".join(f"{key}={value}" for key, value in {"identity": identity, **token}.items())
        self.page.evaluate("([query, address]) => sign_on(query, address)", [query, company.signalling])

    def do(self, script: str) -> Any:
        return self.page.evaluate(script)

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(f"() => {condition}", timeout=10 * SECONDS)

    def told(self, event: str, times: int = 1) -> None:
        """Wait until the SDK has reported this."""
        self.wait(f"events.filter((event) => event === '{event}').length >= {times}")

    def talks(self) -> None:
        """Wait until real audio has flowed for a second: packets both ways, and something to hear in them."""
        before = self.do("() => audio()")

        def flowed() -> bool:
            now = self.do("() => audio()")
            return (
                all(now[way] > before[way] + 50 for way in ("received", "sent"))
                and now["energy"] > before["energy"]
            )

        eventually(self.page, flowed)

    @property
    def events(self) -> list[str]:
        events: list[str] = self.do("() => events")
        return events


def customer(context: BrowserContext, carrier: Carrier, number: str = LAN) -> Page:
    """The carrier's page, with somebody who plays this customer."""
    page = context.new_page()
    page.goto(carrier.url)
    page.get_by_label("Your number").fill(number)
    return page


def only_recording(carrier: Carrier) -> Recording:
    (recording,) = carrier.network.recorder.recordings.values()
    return recording


def test_a_customer_rings_an_agent_answers_both_hear_each_other_and_it_is_recorded(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    company.documents["/twilio/voice/inbound"] = RING_ANNA
    anna = Phone(context, company, "anna")
    lan = customer(context, carrier)
    lan.get_by_role("button", name="Ring the company").click()

    anna.told("incoming")
    assert anna.do("() => Object.fromEntries(call.customParameters)") == {
        "call_id": "42",
        "name": "Lan & con ở Huế",
    }
    assert anna.do("() => [call.parameters.From, call.parameters.To]") == [LAN, "client:anna"]
    anna.do("() => call.accept()")
    anna.told("call accept")
    expect(lan.get_by_text("You are talking with the company")).to_be_visible()
    anna.talks()

    lan.get_by_role("button", name="Hang up").click()
    anna.told("call disconnect")
    recording = only_recording(carrier)
    eventually(lan, lambda: recording.status == "completed")
    both = array("h", recording.wav()[44:])
    lan_said, anna_said = both[0::2].tobytes(), both[1::2].tobytes()
    assert len(lan_said) > 16000
    assert loudness(lan_said) > 0.005
    assert loudness(anna_said) > 0.005
    # Nobody outside this machine was asked for anything.
    assert {urlsplit(url).hostname for url in anna.requests} <= {"127.0.0.1"}


def test_an_agent_dials_presses_keys_mutes_and_hangs_up(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    company.documents["/twilio/voice/outbound"] = (
        '<Response><Gather numDigits="3" action="/keys" timeout="30"><Say>Press three keys.</Say></Gather></Response>'
    )
    company.documents["/keys"] = '<Response><Say loop="20">Thank you, goodbye.</Say></Response>'
    anna = Phone(context, company, "anna")
    anna.do("() => dial({ To: '+84 28 3822 1234', note: 'a&b = ü' })")
    anna.told("call accept")
    (form,) = company.forms("/twilio/voice/outbound")
    assert (form["From"], form["To"], form["note"]) == ("client:anna", "+84 28 3822 1234", "a&b = ü")
    anna.talks()

    anna.do("() => call.sendDigits('1w2*')")
    eventually(anna.page, lambda: bool(company.forms("/keys")))
    assert company.forms("/keys")[0]["Digits"] == "12*"

    anna.do("() => call.mute(true)")
    assert anna.do("() => call.isMuted()")
    anna.do("() => call._mediaHandler.iceRestart()")
    anna.page.wait_for_timeout(500)
    anna.talks()

    anna.do("() => call.disconnect()")
    eventually(anna.page, lambda: bool(company.forms("/twilio/voice/status")))
    assert company.forms("/twilio/voice/status")[-1]["CallStatus"] == "completed"


def test_of_several_tabs_the_first_to_answer_has_the_call_and_one_refusal_counts_for_all(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    company.documents["/twilio/voice/inbound"] = RING_ANNA.replace("<Dial", '<Dial action="/after"')
    first, second = Phone(context, company, "anna"), Phone(context, company, "anna")
    lan = customer(context, carrier)
    ring = lan.get_by_role("button", name="Ring the company")
    ring.click()
    first.told("incoming")
    second.told("incoming")
    second.do("() => call.accept()")
    second.told("call accept")
    first.told("call cancel")
    second.do("() => call.disconnect()")
    eventually(lan, lambda: len(company.forms("/after")) == 1)
    assert company.forms("/after")[0]["DialCallStatus"] == "completed"

    ring.click()
    first.told("incoming", 2)
    second.told("incoming", 2)
    first.do("() => call.reject()")
    second.told("call cancel")
    eventually(lan, lambda: len(company.forms("/after")) == 2)
    assert company.forms("/after")[1]["DialCallStatus"] == "busy"

    ring.click()
    first.told("incoming", 3)
    first.do("() => call.ignore()")
    second.told("incoming", 3)
    lan.get_by_role("button", name="Hang up").click()
    second.told("call cancel", 2)
    assert company.forms("/after")[2]["DialCallStatus"] == "no-answer"


def test_a_call_outlives_a_broken_socket_and_an_expired_token(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    company.documents["/twilio/voice/outbound"] = '<Response><Say loop="0">Please wait.</Say></Response>'
    anna = Phone(context, company, "anna", ttl=3)
    anna.do("() => dial({})")
    anna.told("call accept")
    anna.told("tokenWillExpire")
    anna.told("error 31205")
    anna.told("unregistered")
    anna.talks()
    anna.do("async () => device.updateToken(await token('identity=anna'))")
    anna.told("registered", 2)

    anna.page.request.post(f"{carrier.url}/_sim/clients/disconnect")
    anna.told("call reconnecting")
    anna.told("call reconnected")
    anna.told("registered", 3)
    anna.talks()
    anna.do("() => call.disconnect()")
    eventually(anna.page, lambda: bool(company.forms("/twilio/voice/status")))


def test_a_phone_with_a_bad_token_is_told_so_and_comes_in_with_a_good_one(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    for bad, code in (("ttl=-60", 31205), ("secret=another-key-secret-of-32-letters", 31204)):
        anna = Phone(context, company, "anna", **dict([bad.split("=")]))
        assert anna.events == [f"error {code}", "unregistered", "refused"]
        anna.do("async () => { device.updateToken(await token('identity=anna')); await device.register(); }")
        assert anna.events[-1] == "registered"


def test_in_a_conference_an_agent_hears_a_scripted_customer_and_both_are_recorded(
    context: BrowserContext, carrier: Carrier, company: Company
) -> None:
    room = '<Conference endConferenceOnExit="true" record="record-from-start">room</Conference>'
    for door in ("inbound", "outbound"):
        company.documents[f"/twilio/voice/{door}"] = f"<Response><Dial>{room}</Dial></Response>"
    anna = Phone(context, company, "anna")
    anna.do("() => dial({})")
    anna.told("call accept")
    anna.page.request.post(f"{carrier.url}/_sim/inbound", data={"from": LAN})
    eventually(anna.page, lambda: bool(carrier.network.recorder.recordings))
    anna.do("() => call.mute(true)")
    anna.talks()
    anna.do("() => call.disconnect()")
    recording = only_recording(carrier)
    eventually(anna.page, lambda: recording.status == "completed")
    samples = recording.wav()[44:]
    assert len(samples) > 16000
    assert loudness(samples) > 0.005
