"""Settings: what is wrong stops the start and is named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_admin import config
from crm_admin.config import Config, ConfigError

FILE = Path(__file__).resolve().parents[2] / "config.toml"


def test_the_file_holds_every_setting_with_its_default() -> None:
    assert config.load(FILE, {}) == Config()
    assert _names(tomllib.loads(FILE.read_text(encoding="utf-8"))) == _fields(Config()) - {"secret_key"}


def test_every_setting_says_why() -> None:
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z_]+ *=", line):
            name = line.split("=")[0].strip()
            assert "#" in line or name == "port", line


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "colour"),
        ("[web]\nprot = 8000", "web.prot"),
        ("[web]\nport = '8000'", "web.port"),
        ("[web]\nport = 70000", "web.port"),
        ("[web]\nthreads = -1", "web.threads"),
        ("[company]\nlanguage = 'xx'", "company.language"),
        ("[company]\ntimezone = 'Mars/Olympus'", "company.timezone"),
        ("[database]\nurl = 'mysql://x'", "database.url"),
        ("environment = 'staging'", "environment"),
        ("secret_key = 'x'", "secret_key"),
        ("modules = 3", "modules"),
        ("[modules]\nenabled = 'geo'", "modules.enabled"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        config.load(file, {})
    assert refused.value.key == key


def test_the_environment_wins_and_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("k" * 40 + "\n", encoding="ascii")
    found = config.load(FILE, {"CRM_DATA_DIR": "/srv/crm", "CRM_SECRET_KEY_FILE": str(secret)})
    assert (found.data_dir, found.secret_key) == ("/srv/crm", "k" * 40)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        config.load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(FILE, {"CRM_SECRET_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "CRM_SECRET_KEY"),
        ({"secret_key": "short"}, "CRM_SECRET_KEY"),
        ({"secret_key": "a" * 64}, "CRM_SECRET_KEY"),
        ({"secret_key": "0123456789abcdefghijklmnopqrstuvw", "web.host": "0.0.0.0"}, "web.public_url"),
    ],
)
def test_production_refuses_what_is_unsafe(tmp_path: Path, values: dict[str, Any], key: str) -> None:
    made = config.load(FILE, {}, {"data_dir": str(tmp_path / "var"), **values})
    assert key in [problem.key for problem in config.unsafe(made)]


def test_the_secret_never_shows() -> None:
    assert "hidden-secret" not in repr(Config(secret_key="hidden-secret"))


def _names(table: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in table.items():
        found |= _names(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
    return found


def _fields(made: Any, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for field in fields(made):
        value = getattr(made, field.name)
        found |= _fields(value, f"{prefix}{field.name}.") if is_dataclass(value) else {prefix + field.name}
    return found
