"""The agent desk in a real browser, with the unmodified Voice SDK: it rings, they talk, and what goes wrong is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from call_center.models import agent
from call_center.models.call import Call
from crm_admin import policy, records, registry
from tests.browser.desk import Desk
from tests.browser.test_accessibility import AXE, COLOURS, RULES, findings
from tests.call_center.desk import BINH, customer, lines, number
from tests.call_center.working_company import NUMBER, WorkingCompany, at_work

# aioice leaves its socket open when a side hangs up while it still looks for a way.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

SECONDS = 1000
REMEMBER_LINES = """
window.lines = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) { super(...options); lines.push(this); }
};
"""


@pytest.fixture
def company(sqlite_crm: Flask) -> Iterator[WorkingCompany]:
    team = registry.entity("team").model.get(name="Call center").id
    queue = records.create(policy.SYSTEM, "queue", {"name": "Support", "team": team})
    line = {"name": "Hotline", "number": number(NUMBER), "outbound": True, "queue": queue.id}
    records.create(policy.SYSTEM, "phone_line", line)
    with at_work(sqlite_crm) as made:
        yield made


@pytest.fixture
def an(company: WorkingCompany, chromium: Browser) -> Iterator[Desk]:
    """An's browser, with a microphone; the events of the application come through."""
    with Desk(chromium, company.url, "agent", permissions=["microphone"]) as desk:
        desk.context.unroute_all()
        desk.context.add_init_script(REMEMBER_LINES)
        yield desk


def mode(page: Page, wanted: str) -> None:
    expect(page.locator("#desk")).to_have_attribute("data-mode", wanted, timeout=10 * SECONDS)


def sit(page: Page) -> None:
    """Sign on with the browser's phone."""
    page.goto("/call-center/")
    page.get_by_role("button", name="Sign on").click()
    mode(page, "idle")


def accept(page: Page) -> None:
    expect(page.locator('[data-do="accept"]')).to_be_enabled()
    page.keyboard.press("a")
    mode(page, "talking")
    connected(page)


def connected(page: Page) -> None:
    """Real audio can flow. Hanging up in the moment in which the line comes about is for the carrier's own tests."""
    page.wait_for_function("() => lines.at(-1)?.connectionState === 'connected'")


def registered(page: Page, company: WorkingCompany) -> None:
    """Wait until the carrier can ring An's browser (again)."""
    wanted = f"agent_{_agent()}"
    for _ in range(100):
        page.wait_for_timeout(100)
        if wanted in company.state()["clients"]:
            return
    raise AssertionError("the phone did not come back")


def state_of(user: int) -> str:
    row = agent.of(user)
    return row.state if row else ""


def test_it_rings_with_the_story_they_talk_and_the_note_is_in_the_history(
    company: WorkingCompany, an: Desk
) -> None:
    binh, page = customer(), an.page
    sit(page)
    leg = company.ring(BINH)
    mode(page, "ringing")
    expect(page.locator(".caller-name")).to_contain_text("Nguyễn Bình")
    expect(page.locator(".call-card")).to_contain_text("Máy rò nước")
    accept(page)
    page.keyboard.press("n")
    page.keyboard.type("Máy rò nước, mai đến")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.type("12#")
    expect(page.locator(".keypad-typed")).to_have_text("12#")
    page.get_by_role("button", name="Appointment made").click()
    page.get_by_role("button", name="Call back tomorrow at 9:00").click()
    expect(page.get_by_role("link", name="Task for tomorrow")).to_be_visible()
    company.hang_up(leg)
    mode(page, "wrap_up")
    page.keyboard.press("r")
    mode(page, "idle")
    (line,) = lines("contact", binh)
    assert (line.data["note"], line.data["disposition"]) == ("Máy rò nước, mai đến", "appointment")
    assert (line.data["status"], line.data["agent"]) == ("completed", Call.get().agent)
    assert registry.entity("task").model.get().regarding_id == binh.id
    expect(page.locator("#desk-recent")).to_contain_text("Nguyễn Bình")


def test_a_caller_who_gives_up_waits_for_a_call_back_and_one_click_makes_it(
    company: WorkingCompany, an: Desk
) -> None:
    customer()
    page = an.page
    sit(page)
    leg = company.ring(BINH)
    expect(page.locator('[data-do="accept"]')).to_be_enabled()
    company.hang_up(leg)
    expect(an.toast()).to_contain_text("The caller hung up.")
    mode(page, "idle")
    waiting = page.locator("#desk-missed")
    expect(waiting).to_contain_text("Nguyễn Bình")
    waiting.get_by_role("link", name="Call back: Nguyễn Bình").click()
    mode(page, "talking")  # the customer answers after three seconds
    connected(page)
    expect(page.locator(".caller-name")).to_contain_text("Nguyễn Bình")
    page.keyboard.press("e")
    mode(page, "wrap_up")
    call = Call.select().order_by(Call.id.desc()).first()
    assert (call.direction, call.certainty, call.answered_at is not None) == ("outbound", "chosen", True)
    expect(waiting).to_contain_text("Nobody is waiting")


def test_one_tab_is_the_phone_and_another_may_take_it_over(company: WorkingCompany, an: Desk) -> None:
    first, user = an.page, _agent()
    sit(first)
    second = an.tab()
    second.goto("/call-center/")
    mode(second, "elsewhere")
    second.get_by_role("button", name="Take it over here").click()
    mode(second, "idle")
    mode(first, "elsewhere")
    company.ring(BINH)
    accept(second)
    assert state_of(user) in ("ringing", "on_call")
    mode(first, "elsewhere")
    # The phone's tab is closed in the middle of a call: the customer is not left alone with a dead line.
    second.close(run_before_unload=False)
    expect(first.locator("#desk")).not_to_have_attribute("data-mode", "elsewhere", timeout=20 * SECONDS)


def test_a_page_that_is_loaded_anew_rings_again_after_one_click(company: WorkingCompany, an: Desk) -> None:
    page, user = an.page, _agent()
    sit(page)
    page.reload()
    expect(page.get_by_text("The page of your phone was closed or reloaded.")).to_be_visible()
    assert state_of(user) == "not_responding"
    page.get_by_role("button", name="Sign on").click()
    mode(page, "idle")
    company.ring(BINH)
    accept(page)
    page.keyboard.press("e")
    mode(page, "wrap_up")


def test_an_expired_token_and_a_broken_line_are_mended_by_themselves(
    company: WorkingCompany, an: Desk
) -> None:
    page = an.page
    sit(page)
    assert company.sim("/clients/expire") == {"phones": 1}
    registered(page, company)
    assert company.sim("/clients/disconnect") == {"phones": 1}
    registered(page, company)
    company.ring(BINH)
    accept(page)
    page.keyboard.press("e")
    mode(page, "wrap_up")
    an.troubles[:] = [line for line in an.troubles if "[TwilioVoice]" not in line]  # the SDK tells of it


def test_no_microphone_is_said_and_a_telephone_takes_its_place(company: WorkingCompany, an: Desk) -> None:
    refusal = (
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }"
    )
    an.context.add_init_script(refusal)
    page, user = an.page, _agent()
    page.goto("/call-center/")
    page.get_by_role("button", name="Sign on").click()
    expect(page.get_by_text("The browser refuses the microphone.")).to_be_visible()
    assert state_of(user) == ""
    page.get_by_text("At a telephone").click()
    page.get_by_label("Number of your telephone").fill("12")
    an.expect(422)
    page.get_by_role("button", name="Sign on").click()
    expect(page.locator("#sign-on-phone-error")).to_contain_text("too few digits")
    page.get_by_label("Number of your telephone").fill("0912 000 111")
    page.get_by_role("button", name="Sign on").click()
    mode(page, "idle")
    expect(page.get_by_text("Your telephone +84912000111 rings.")).to_be_visible()
    company.ring(BINH)
    mode(page, "ringing")
    expect(page.get_by_text("Lift your telephone and press 1.")).to_be_visible()


def test_who_called_is_said_and_created_without_losing_what_is_typed(
    company: WorkingCompany, an: Desk
) -> None:
    page = an.page
    sit(page)
    company.ring(BINH)
    accept(page)
    page.get_by_label("Note", exact=True).fill("Muốn xem báo giá")
    page.get_by_role("button", name="New contact").click()
    an.expect(422)
    page.get_by_role("button", name="Create and link").click()
    expect(page.locator("#new-contact .field-error")).to_contain_text("family name")
    page.locator("#new-contact").get_by_label("Family name").fill("Phan")
    page.locator("#new-contact").get_by_label("Given name").fill("Châu")
    page.keyboard.press("Enter")
    expect(page.locator(".caller-name")).to_contain_text("Phan Châu")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Muốn xem báo giá")
    page.get_by_role("button", name="Hang up").click()
    mode(page, "wrap_up")
    assert Call.get().note == "Muốn xem báo giá"


def test_a_call_shuts_nobody_out(company: WorkingCompany, chromium: Browser) -> None:
    for given in ("Nam", "Hương"):
        who = {"family_name": "Trần", "given_name": given, "mobile": number(BINH)}
        records.create(policy.SYSTEM, "contact", who)
    found: list[str] = []
    options = {"permissions": ["microphone"], "bypass_csp": True, "reduced_motion": "reduce"}
    with Desk(chromium, company.url, "agent", **options) as desk:
        desk.context.unroute_all()
        desk.context.add_init_script(path=AXE)
        desk.context.add_init_script(REMEMBER_LINES)
        page = desk.page
        sit(page)
        company.ring(BINH)
        accept(page)
        page.keyboard.press("k")
        page.get_by_role("button", name="New lead").click()
        found += findings(page, {"type": "tag", "values": RULES})
        page.get_by_role("button", name="Trần Nam").click()
        expect(page.get_by_text("Chosen by a person")).to_be_visible()
        found += findings(page, {"type": "tag", "values": RULES})
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        found += findings(page, {"type": "rule", "values": COLOURS})
    assert not found, "\n".join(found)


def _agent() -> int:
    model = registry.entity("user").model
    return int(model.get(model.username == "agent").id)
