"""The carrier's page: somebody plays a customer whom the company calls and writes to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from twilio.rest import Client

from call_center.carrier.endpoint import ANYBODY
from call_center.carrier.server import Carrier
from tests.call_center.carrier.application import LocalHttpClient
from tests.call_center.carrier.company import NUMBER, Company, eventually

# aioice leaves its socket open when a side hangs up while it still looks for a way.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

LAN = "+84901234500"
ELSE = "+8613800138000"


@pytest.fixture
def client(carrier: Carrier) -> Iterator[Client]:
    """Twilio's library, as the company uses it."""
    client = Client(carrier.account.sid, carrier.account.token, http_client=LocalHttpClient(carrier.url))
    yield client
    client.http_client.session.close()


@pytest.fixture
def page(chromium: Browser, carrier: Carrier) -> Iterator[Page]:
    """The page as a Vietnamese reader sees it; it fails for anything the browser complains about."""
    context = chromium.new_context(locale="vi-VN", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(carrier.url)
    expect(page.get_by_text("Đã kết nối")).to_be_visible()
    eventually(page, lambda: ANYBODY in carrier.network.clients)
    yield page
    context.close()
    assert not complaints


def test_the_company_calls_the_customer_answers_reads_what_is_said_and_presses_a_key(
    page: Page, company: Company, client: Client
) -> None:
    company.documents["/keys"] = "<Response><Say>Tạm biệt.</Say></Response>"
    twiml = (
        f'<Response><Gather numDigits="1" timeout="30" action="{company.url}/keys">'
        "<Say>Anh chị có hài lòng không?</Say></Gather></Response>"
    )
    page.get_by_label("Số của bạn").fill(LAN)
    call = client.calls.create(to=ELSE, from_=NUMBER, twiml=twiml)
    banner = page.get_by_role("alertdialog")
    expect(banner).to_contain_text(ELSE)
    banner.get_by_role("button", name="Nghe").click()
    expect(page.get_by_text("Anh chị có hài lòng không?")).to_be_visible()
    page.get_by_role("button", name="5", exact=True).click()
    expect(page.get_by_text("Tạm biệt.")).to_be_visible()
    expect(page.get_by_text("Công ty đã gác máy")).to_be_visible()
    assert company.forms("/keys")[0]["Digits"] == "5"
    assert client.calls(call.sid).fetch().status == "completed"


def test_a_refused_call_is_busy_and_only_chosen_customers_ring(
    page: Page, carrier: Carrier, client: Client
) -> None:
    page.get_by_label("Cuộc gọi đến mọi khách hàng khác").uncheck()
    page.get_by_label("Số của bạn").fill(LAN)
    page.get_by_label("Số của bạn").blur()
    eventually(page, lambda: list(carrier.network.clients) == [LAN])
    twiml = "<Response><Say>Hello</Say></Response>"
    other = client.calls.create(to="+84901255501", from_=NUMBER, twiml=twiml)
    mine = client.calls.create(to=LAN, from_=NUMBER, twiml=twiml)
    banner = page.get_by_role("alertdialog")
    expect(banner).to_have_count(1)
    banner.get_by_role("button", name="Từ chối").click()
    expect(banner).to_have_count(0)
    assert client.calls(mine.sid).fetch().status == "busy"
    client.calls(other.sid).update(status="completed")


def test_text_messages_go_both_ways(page: Page, company: Company, client: Client) -> None:
    client.messages.create(to=LAN, from_=NUMBER, body="Kỹ thuật viên đến lúc 14:00.")
    expect(page.get_by_text("Kỹ thuật viên đến lúc 14:00.")).to_be_visible()
    page.get_by_label("Số của bạn").fill("0901")
    page.get_by_label("Nhắn tin cho công ty").fill("Cảm ơn <b>nhiều</b>")
    page.get_by_role("button", name="Gửi").click()
    expect(page.get_by_text("Nhập số kèm mã quốc gia")).to_be_visible()
    page.get_by_label("Số của bạn").fill(LAN)
    page.get_by_role("button", name="Gửi").click()
    expect(page.get_by_text("Cảm ơn <b>nhiều</b>")).to_be_visible()
    eventually(page, lambda: bool(company.forms("/twilio/sms/inbound")))
    (form,) = company.forms("/twilio/sms/inbound")
    assert (form["From"], form["Body"]) == (LAN, "Cảm ơn <b>nhiều</b>")


def test_another_site_may_not_play_customers(carrier: Carrier, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto("data:text/html,elsewhere")
    address = carrier.url.replace("http", "ws") + "/page/live"
    opened = page.evaluate(
        """(address) => new Promise((resolve) => {
             const socket = new WebSocket(address);
             socket.onopen = () => resolve(true);
             socket.onerror = () => resolve(false);
           })""",
        address,
    )
    page.close()
    assert opened is False
