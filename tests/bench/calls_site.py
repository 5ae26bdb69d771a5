"""The whole product beside a carrier, each as processes of its own, with agents at their phones and customers who
are known: where calls are measured.

    python -m tests.bench.calls_site serve …      `crm serve` that goes on whoever dies how often
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from call_center.carrier.account import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from call_center.gateway import Gateway
from call_center.models import agent
from call_center.models.agent import Agent
from call_center.settings import Settings
from crm_admin import app as application
from crm_admin import clock, db, migrations, policy, records, registry
from crm_admin.config import Config, changed
from crm_admin.kinds.phone import Phone
from tests.installation import settings
from tests.people import populate

LINE = "+842873001234"
PREFIX = "+8490"
CUSTOMERS = 200
PATIENCE_S = 60.0
RETRIES = "rc=3&rp=4xx,5xx,ct,rt"


@dataclass
class Site:
    """`serve`: the process of `crm serve`, whose children are the parts; `settings`: options of `crm` that say the same
    as `config`."""

    config: Config
    address: str
    carrier: str
    serve: subprocess.Popen[bytes]
    settings: list[str]

    def sim(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the carrier's control API."""
        answer = requests.request(method, f"{self.carrier}/_sim{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def journal(self) -> Iterator[dict[str, Any]]:
        """Every request that the carrier sent, in order."""
        last = 0
        while True:
            page = self.sim("GET", f"/journal?direction=sent&since={last}&limit=5000")
            if not page["entries"]:
                return
            yield from page["entries"]
            last = page["last"]

    def gateway(self) -> Gateway:
        """The CRM's own way to the carrier's API."""
        ours: Settings = self.config.section("call_center")
        return Gateway(ours, self.address)

    def web_processes(self) -> list[int]:
        """Process ids of those that answer requests at present."""
        children = Path(f"/proc/{self.serve.pid}/task/{self.serve.pid}/children").read_text("ascii").split()
        return [int(pid) for pid in children if b"\0web\0" in _command_line(int(pid))]

    def busy_s(self) -> float:
        """Seconds of processor time that the web processes have taken."""
        return sum(processor_s(pid) for pid in self.web_processes())


@contextmanager
def opened(
    url: str, folder: Path, *, workers: int, agents: int, customers: int = CUSTOMERS
) -> Iterator[Site]:
    """A new company on the empty database of `url`, and everything it runs, until the end of the block."""
    web, push, exchange = ports(3)
    address, carrier = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{exchange}"
    plain = {
        "environment": "test",
        "data_dir": str(folder),
        "database.url": url,
        "web.port": web,
        "push.port": push,
        "secret_key": settings(url, folder).secret_key,
        "call_center.account_sid": DEFAULT_ACCOUNT,
        "call_center.auth_token": DEFAULT_TOKEN,
        "call_center.api_base": carrier,
    }
    config = changed(settings(url, folder), plain)
    _found(config, agents, customers)
    given = [part for key, value in plain.items() for part in ("--set", f"{key}={_toml(value)}")]
    serve = [sys.executable, "-m", "tests.bench.calls_site", "serve", "--workers", str(workers), *given]
    phone = [sys.executable, "-m", "call_center.carrier", "--port", str(exchange), "--app", address]
    phone += ["--number", LINE, "--overrides", RETRIES, "--seed", "7", "--quiet"]
    with ExitStack() as stack:
        stack.enter_context(_running(phone, folder / "carrier.log"))
        served = stack.enter_context(_running(serve, folder / "serve.log"))
        until(lambda: _answers(f"{address}/healthz") and _answers(f"{carrier}/_sim"), "the site to open")
        yield Site(config, address, carrier, served, given)


def until(true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait. Raises TimeoutError with `what` was waited for."""
    end = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.1)


def processor_s(pid: int) -> float:
    """Seconds of processor time of a process; 0.0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _found(config: Config, agents: int, customers: int) -> None:
    """Let the company move in: a queue without wrap-up time, customers, and people at their phones."""
    db.connect_to(config)
    with db.connection():
        migrations.Runner(config).up()
        app = application.create_app(config)
        with app.app_context(), db.connection(), db.database.atomic():
            populate(config)
            records.create(policy.SYSTEM, "queue", {"name": "Service", "wrap_up_s": 0})
            for number in range(customers):
                phone = Phone(f"{PREFIX}{number:07d}", f"{PREFIX}{number:07d}", "")
                values = {"family_name": "Trần", "given_name": f"Mai {number}", "mobile": phone}
                records.create(policy.SYSTEM, "contact", values)
            _staff(agents)
    db.disconnect()


def _staff(count: int) -> None:
    role = registry.entity("role").model
    values = {"role": role.get(role.key == "agent").id, "language": "en", "timezone": "Asia/Ho_Chi_Minh"}
    for number in range(count):
        named = {"username": f"agent{number}", "family_name": "Lê", "given_name": f"An {number}"}
        user = records.create(policy.SYSTEM, "user", {**values, **named}).id
        agent.sign_on(user, device="browser", phone=None, tab="bench")
    # Their desks are not part of the measurement: nobody's heartbeat is missed while it lasts.
    Agent.update(seen_at=clock.now() + timedelta(hours=1)).execute()


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as written,
        subprocess.Popen(command, stdout=written, stderr=written) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    open_now = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [listener.getsockname()[1] for listener in open_now]
    for listener in open_now:
        listener.close()
    return found


def _toml(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def _serve_whatever_happens() -> None:
    from crm_admin import serve  # noqa: PLC0415 — the benchmark itself does without
    from crm_admin.cli import main  # noqa: PLC0415 — as above

    # A part that dies often is given up; here it is killed a hundred times on purpose.
    serve.STEADY_S = 0.0
    main()


if __name__ == "__main__":
    _serve_whatever_happens()
