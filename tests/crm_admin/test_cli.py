"""The command line keeps its word: exit codes, one line on stderr, help on everything, small parts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_admin import cli

ROOT = Path(__file__).parents[2]


def crm(
    *arguments: str, environment: dict[str, str] | None = None, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CRM_")}
    return subprocess.run(
        [sys.executable, "-m", "crm_admin", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **(environment or {})},
    )


def settings(tmp_path: Path) -> tuple[str, ...]:
    return ("--set", 'environment="test"', "--set", f'data_dir="{tmp_path / "var"}"')


def test_help_names_every_command() -> None:
    done = crm("--help")
    assert done.returncode == 0
    for name in cli.COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("arguments", [("nonsense",), ("migrate", "sideways"), ("serve", "--port", "no")])
def test_wrong_use_is_2(arguments: tuple[str, ...]) -> None:
    assert crm(*arguments).returncode == 2


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[web]\nprot = 1\n", "crm: web.prot: unknown setting"),
        ("[web]\nport = 'x'\n", "crm: web.port: must be a whole number"),
        ("environment = [\n", "is not valid TOML"),
    ],
)
def test_wrong_configuration_is_2_and_one_line_names_the_key(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    for arguments in (("migrate", "status", "--config", str(file)), ("check", "--config", str(file))):
        done = crm(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert named in done.stderr


def test_production_without_a_secret_does_not_start(tmp_path: Path) -> None:
    done = crm("serve", "--set", f'data_dir="{tmp_path}"')
    assert done.returncode == 2
    assert done.stderr.startswith("crm: CRM_SECRET_KEY: is missing")
    assert len(done.stderr.splitlines()) == 1


def test_an_embedded_database_has_one_web_process(tmp_path: Path) -> None:
    done = crm("web", "--workers", "2", *settings(tmp_path))
    assert done.returncode == 2
    assert "--workers" in done.stderr


def test_a_database_that_does_not_answer_is_1_and_one_line(tmp_path: Path) -> None:
    url = {"CRM_DATABASE_URL": "postgresql://nobody:canary@127.0.0.1:1/none"}
    done = crm("migrate", "status", *settings(tmp_path), environment=url)
    assert done.returncode == 1
    assert done.stderr.startswith("crm: the database does not answer")
    assert len(done.stderr.splitlines()) == 1
    assert "canary" not in done.stderr


def test_the_schema_goes_up_and_tells_its_state(tmp_path: Path) -> None:
    assert crm("migrate", *settings(tmp_path)).returncode == 0
    done = crm("migrate", "status", "--json", *settings(tmp_path))
    assert done.returncode == 0
    assert {step["state"] for step in json.loads(done.stdout)} <= {"applied"}
    assert crm("migrate", "up", *settings(tmp_path)).stdout == "nothing to do\n"
    assert crm("migrate", "wait", *settings(tmp_path)).returncode == 0


def test_init_makes_what_only_the_owner_may_read(tmp_path: Path) -> None:
    done = crm("init", *settings(tmp_path))
    assert done.returncode == 0
    data = tmp_path / "var"
    key = data / "secret_key"
    assert data.stat().st_mode & 0o777 == 0o700
    assert key.stat().st_mode & 0o777 == 0o600
    assert (data / "crm.sqlite3").stat().st_mode & 0o777 == 0o600
    before = key.read_text()
    assert crm("init", *settings(tmp_path)).returncode == 0
    assert key.read_text() == before
    assert before not in done.stdout + done.stderr


def test_check_says_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir(mode=0o755)
    done = crm("check", "--set", f'data_dir="{data}"')
    assert done.returncode == 1
    assert "error    CRM_SECRET_KEY: is missing" in done.stdout
    assert f"chmod 700 {data}" in done.stdout
    assert "error    data_dir" in done.stdout
    assert list(data.iterdir()) == [], "looking changes nothing"


def test_check_passes_on_a_new_installation(tmp_path: Path) -> None:
    crm("init", *settings(tmp_path))
    done = crm("check", "--json", *settings(tmp_path), "--set", "web.port=0", "--set", "push.port=0")
    assert done.returncode == 0
    found = {(finding["subject"], finding["severity"]) for finding in json.loads(done.stdout)}
    assert {("settings", "ok"), ("database", "ok"), ("schema", "ok")} <= found


def test_a_pipe_that_closes_early_is_no_drama(tmp_path: Path) -> None:
    shell = f"{sys.executable} -m crm_admin --help | true"
    done = subprocess.run(
        ["sh", "-c", shell], capture_output=True, text=True, cwd=ROOT, check=False, timeout=30
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("imports", "heavy"),
    [
        ("crm_admin.cli, crm_admin.commands.serve", ("flask", "peewee", "psycopg", "waitress")),
        (
            "crm_admin.cli, crm_admin.commands.serve, crm_admin.push.server, crm_admin.live_sessions",
            ("flask", "peewee"),
        ),
        ("crm_admin.cli, crm_admin.commands.demo", ("flask", "peewee")),
    ],
)
def test_parts_carry_only_what_they_use(imports: str, heavy: tuple[str, ...]) -> None:
    program = f"import sys, {imports}; print(*(name for name in {heavy!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == ""


def test_the_first_page_does_not_wait_for_what_few_pages_use(tmp_path: Path) -> None:
    """With the modules that the product comes with; twilio alone would take a second."""
    late = ("twilio", "aiohttp", "requests", "email_validator", "geopy", "folium", "numpy", "openpyxl")
    settings = {"environment": "demo", "data_dir": str(tmp_path), "database.url": ""}
    program = f"""if True:
        import sys
        from crm_admin.app import create_app
        from crm_admin.config import load
        create_app(load("config.toml", {{}}, {settings!r}))
        print(*(name for name in {late!r} if name in sys.modules))
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == ""


def test_the_demo_is_for_this_machine_and_touches_no_other_data(tmp_path: Path) -> None:
    done = crm("demo", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "127.0.0.1 only" in done.stderr
    real = tmp_path / "real"
    real.mkdir()
    (real / "crm.sqlite3").write_text("precious")
    done = crm("demo", "--port", "0", "--fresh", "--data", str(real))
    assert done.returncode == 1
    assert "is not a demo" in done.stderr
    assert (real / "crm.sqlite3").read_text() == "precious"
