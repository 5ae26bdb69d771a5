"""CSRF, redirects, headers: what a browser is told and what a foreign page cannot make it do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from crm_admin import clock
from crm_admin.auth.redirects import safe_target
from tests.crm_admin.auth.house import PASSWORD, House, make_people

People = dict[str, int]
METHODS = ("POST", "PUT", "PATCH", "DELETE")


# ── CSRF ────────────────────────────────────────────────────────────────────────────────────────────
def forgeries(house: House) -> dict[str, dict[str, Any]]:
    """What a foreign page can send with the cookies of a signed-in person."""
    other = house.signed_in("minh").csrf()
    return {
        "no token": {},
        "empty token": {"data": {"csrf_token": ""}},
        "junk": {"data": {"csrf_token": "x" * 91}},
        "of somebody else": {"data": {"csrf_token": other}},
        "of somebody else, as header": {"headers": {"X-CSRFToken": other}},
        "of a stranger": {"data": {"csrf_token": house.browser().csrf()}},
        "JSON as text": {"data": '{"csrf_token": "x"}', "content_type": "text/plain"},
        "JSON as form": {"data": '{"a":"=1"}', "content_type": "application/x-www-form-urlencoded"},
        "JSON": {"json": {"csrf_token": other}},
        "in the address": {"query_string": {"csrf_token": other}},
        "in a cookie": {"headers": {"X-Requested-With": "fetch"}},
    }


def test_forged_writes_change_nothing(house: House, people: People) -> None:
    victim = house.signed_in("lan")
    for name, forged in forgeries(house).items():
        for method in METHODS:
            answer = victim.client.open("/write", method=method, **forged)
            assert answer.status_code == 400, (name, method)
    assert house.written == []
    assert victim.client.open("/write", method="GET").status_code == 200
    assert victim.client.open("/write", method="HEAD").status_code == 200
    assert house.written == []


@pytest.mark.parametrize("method", METHODS)
def test_our_own_pages_may_write(house: House, people: People, method: str) -> None:
    browser = house.signed_in("lan")
    token = browser.csrf()
    assert browser.client.open("/write", method=method, data={"csrf_token": token}).status_code == 200
    assert browser.client.open("/write", method=method, headers={"X-CSRFToken": token}).status_code == 200
    assert house.written == [method, method]


def test_a_form_outlives_the_lunch_break_but_not_the_session(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    token = browser.csrf()
    with clock.at(clock.now() + timedelta(hours=7)):
        assert browser.raw_post("/write", {"csrf_token": token}).status_code == 200
    browser.post("/logout")
    browser.sign_in("lan")
    assert browser.raw_post("/write", {"csrf_token": token}).status_code == 400
    assert house.written == ["POST"]


def test_every_write_of_the_edge_asks_for_the_token(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    checked = 0
    for rule in house.app.url_map.iter_rules():
        if not rule.endpoint.startswith("auth.") or "POST" not in (rule.methods or ()):
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        expected = 303 if rule.endpoint == "auth.sign_in" else 400
        assert browser.raw_post(path, {"username": "minh", "password": PASSWORD}).status_code == expected, (
            path
        )
        checked += 1
    assert checked >= 10
    assert browser.is_in()
    assert house.browser().raw_post("/login", {"username": "lan", "password": PASSWORD}).status_code == 400


def test_behind_a_door_a_cookie_has_no_effect(house: House, people: People) -> None:
    assert house.signed_in("boss").raw_post("/door", {}).text == "None nobody"


def test_a_late_form_is_explained(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    page = browser.raw_post("/write", {})
    assert "Nothing was changed" in page.text
    assert page.mimetype == "text/html"
    told = browser.raw_post("/write", {}, headers={"X-Requested-With": "fetch"})
    assert (told.status_code, told.mimetype) == (400, "application/problem+json")
    assert "Nothing was changed" in told.get_json()["detail"]


def test_a_sign_in_form_in_another_tab_just_goes_on(house: House, people: People) -> None:
    browser = house.browser()
    late = {"username": "lan", "password": PASSWORD, "csrf_token": browser.csrf(), "next": "/secret"}
    browser.sign_in("lan")
    answer = browser.raw_post("/login", late)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/secret")


# ── redirects ───────────────────────────────────────────────────────────────────────────────────────
HOSTILE = [
    prefix + rest
    for prefix in (
        "//", "///", "////", "/\\", "\\\\", "\\/", "\\", "/\t/", "/\n/", "/\r/", "\t//", " //", "\x00//", "/\x0b/",
        "http:", "http:/", "http://", "https:", "https:/", "https://", "HtTp://", "http:\\\\", "https:\\", "ftp://",
        "javascript:", "JaVaScRiPt:", "java\tscript:", "data:text/html,", "vbscript:", "blob:", "//user@", "//user:pw@",
        "/\u2028/", "/\ufeff/", "\ufeff//", "/ /", "/\x7f/", "/%09/\\", "/.\\", "@", "?//", "#//", "./", "../", "",
    )
    for rest in ("evil.example", "evil.example/path", "evil.example%2f@crm.example.com", "evil。example")
]  # fmt: skip
OWN = [
    "/", "/secret?a=1", "/admin/contact/?q=a%20b&sort=-id#row-7", "/search?q=nguyễn+thị", "/a//b", "/..//evil.example",
    "/.//evil.example", "/%5cevil.example", "/%2fevil.example", "/@evil.example", "/;//evil.example", "/／evil.example",
    "/?next=//evil.example",
]  # fmt: skip


def hosts(targets: list[str], base: str = "https://crm.example.com/login") -> list[str]:
    """Where a browser goes, by the URL parser that browsers share."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = "const [b,t]=JSON.parse(require('fs').readFileSync(0));console.log(JSON.stringify(t.map(x=>{try{return new URL(x,b).origin}catch(e){return 'invalid'}})))"  # noqa: E501
    done = subprocess.run(
        [node, "-e", script], input=json.dumps([base, targets]), capture_output=True, text=True, check=True
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def test_nothing_leads_away() -> None:
    results = [safe_target(target, "/") for target in HOSTILE + OWN]
    assert set(hosts(results)) == {"https://crm.example.com"}
    assert len({o for o in hosts(HOSTILE) if o != "https://crm.example.com"}) > 3, (
        "the targets are not hostile"
    )


def test_our_own_pages_are_kept() -> None:
    assert [safe_target(target, "NO") for target in OWN] == [
        quote(t, safe="".join(map(chr, range(33, 127)))) for t in OWN
    ]
    assert safe_target(None, "/x") == safe_target("", "/x") == safe_target("/" + "a" * 3000, "/x") == "/x"
    assert safe_target("/\ud800", "/x") == "/x"


def test_no_door_of_the_edge_redirects_away(house: House, people: People) -> None:
    browser = house.signed_in("lan")
    token = browser.csrf()
    seen = []
    for target in HOSTILE[::3]:
        seen.append(browser.get("/login", query_string={"next": target}).headers["Location"])
        for path, data in (("/profile/theme", {"theme": "dark"}), ("/profile/language", {"language": "vi"})):
            answer = browser.raw_post(path, {**data, "next": target, "csrf_token": token})
            assert answer.status_code == 303
            seen.append(answer.headers["Location"])
    assert set(hosts(seen)) == {"https://crm.example.com"}


@pytest.mark.parametrize("target", ["/login", "/logout", "/login?next=/login", "/password/x"])
def test_signing_in_does_not_go_round_in_a_circle(house: House, people: People, target: str) -> None:
    assert house.browser().sign_in("lan", next=target).headers["Location"] == "/"


# ── headers ─────────────────────────────────────────────────────────────────────────────────────────
PATHS = {
    "/login": 200, "/secret": 200, "/profile": 200, "/logout": 200, "/no-such-page": 404, "/forbidden": 403,
    "/crash": 500, "/write": 200, "/static/nothing.js": 404, "/static/css/base.css?v=1": 200, "/api/me": 401,
    "/password/x": 404, "/profile/tokens/everyone": 404,
}  # fmt: skip


def test_every_answer_carries_the_headers(house: House, people: People) -> None:
    house.app.config["PROPAGATE_EXCEPTIONS"] = False
    for browser, signed_in in ((house.browser(), False), (house.signed_in("lan"), True)):
        for path, status in PATHS.items():
            answer = browser.get(path)
            if signed_in and path != "/login":
                assert answer.status_code == status, path
            headers = answer.headers
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self' 'nonce-")
            assert "frame-ancestors 'none'; base-uri 'none'" in policy
            assert "unsafe" not in policy
            assert "connect-src 'self' http://127.0.0.1:8001" in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "geolocation=(self)" in headers["Permissions-Policy"]
            assert "camera=()" in headers["Permissions-Policy"]
            assert "Strict-Transport-Security" not in headers
            kept = "public, max-age=31536000, immutable" if "?v=" in path else "no-store"
            assert headers["Cache-Control"] == kept, path
            assert not re.search(r"\d", headers.get("Server", ""))
            answer.close()


def test_the_nonce_is_new_every_time_and_is_the_one_on_the_page(house: House) -> None:
    seen = set()
    for _ in range(3):
        answer = house.browser().get("/login")
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert nonce
        assert f'nonce="{nonce[1]}"' in answer.text
        assert not re.search(r'\son\w+="|style="', answer.text)
        seen.add(nonce[1])
    assert len(seen) == 3


def test_a_module_adds_sources(house: House) -> None:
    house.app.extensions["crm_csp"].setdefault("connect-src", []).append("wss://voice.example")
    assert "wss://voice.example" in house.browser().get("/login").headers["Content-Security-Policy"]


def test_trace_is_refused(house: House) -> None:
    assert house.browser().client.open("/login", method="TRACE").status_code == 405


def test_behind_tls_cookies_are_locked_to_the_host(https_house: House, stored_password: str) -> None:
    make_people(stored_password)
    client = https_house.app.test_client()
    base = {"base_url": "https://crm.example.com", "headers": {"Referer": "https://crm.example.com/login"}}
    page = client.get("/login", **base)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    data = {"username": "lan", "password": PASSWORD, "csrf_token": found[1]}
    answer = client.post("/login", data=data, **base)
    assert answer.status_code == 303
    cookies = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
    assert {c.split("=")[0] for c in cookies} == {
        "__Host-crm_page",
        "__Host-crm_session",
        "__Host-crm_device",
    }
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert client.get("/secret", **base).text == "lan agent"
