"""Whether the provider can knock at our address: what each kind of certificate leads to."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from call_center import setup_check
from call_center.gateway import Gateway
from call_center.settings import Settings
from crm_admin import clock
from crm_admin.config import Config


def outcome(address: str) -> str:
    return setup_check.address(Config(), Gateway(Settings(), address)).outcome


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server of our own with a certificate for `localhost` that only its own file vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    made = HTTPServer(("127.0.0.1", 0), Health)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"https://localhost:{made.server_port}", certificate
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_certificate_is_trusted_or_not(server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    address, certificate = server
    assert outcome(address) == "bad_certificate"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert outcome(address) == "right"
    assert outcome(address + "/elsewhere") == "not_seen"
    with clock.at(clock.now() + timedelta(days=80)):
        assert outcome(address) == "ends_soon"


def test_without_https_or_without_an_answer() -> None:
    assert outcome("http://crm.example.com") == "not_https"
    assert outcome("https://localhost:9") == "not_seen"


def test_a_stand_in_on_this_machine_needs_none() -> None:
    stand_in = Gateway(Settings(api_base="http://127.0.0.1:4010"), "http://127.0.0.1:8000")
    assert setup_check.address(Config(), stand_in).outcome == "stand_in"
