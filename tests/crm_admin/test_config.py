"""Settings: what is wrong stops the start and is named."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crm_admin import config
from crm_admin.config import Config, ConfigError

FILE = Path(__file__).resolve().parents[2] / "config.toml"


def test_the_file_holds_every_setting_with_its_default() -> None:
    loaded = config.load(FILE, {})
    assert replace(loaded, sections={}) == Config()
    assert loaded.sections == {name: type(made)() for name, made in loaded.sections.items()}
    known = _fields(Config()).union(*(_fields(made, f"{n}.") for n, made in loaded.sections.items()))
    assert _names(tomllib.loads(FILE.read_text(encoding="utf-8"))) == known


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


@pytest.fixture
def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of a third party with settings of its own, and a file to configure it in."""
    package = tmp_path / "lamps"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "settings.py").write_text(LAMPS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "config.toml"
    for name in ("lamps", "lamps.settings"):
        sys.modules.pop(name, None)


LAMPS = """
from dataclasses import dataclass, field
from crm_admin.config import ConfigError

ENVIRONMENT = {"LAMP_COLOUR": "colour", "LAMP_KEY": "key"}

@dataclass(frozen=True)
class Settings:
    colour: str = "green"
    count: int = 3
    key: str = field(default="", repr=False)

    def validate(self):
        if self.colour == "octarine":
            raise ConfigError("lamps.colour", "is out of sight")

    def unsafe(self, config):
        return [] if self.key else [ConfigError("LAMP_KEY", "is missing")]
"""


@pytest.mark.parametrize("enabled", [True, False])
def test_a_module_brings_its_own_settings(lamps: Path, enabled: bool) -> None:
    modules = '[modules]\nenabled = ["lamps"]\n' if enabled else ""
    lamps.write_text(modules + "[lamps]\ncount = 5", encoding="utf-8")
    secret = lamps.parent / "key"
    secret.write_text("hidden-secret\n", encoding="ascii")
    environment = {"LAMP_COLOUR": "red", "LAMP_KEY_FILE": str(secret)}
    made = config.load(lamps, environment, {"lamps.count": 7}).section("lamps")
    assert (made.colour, made.count, made.key) == ("red", 7, "hidden-secret")
    assert "hidden-secret" not in repr(config.load(lamps, environment))


def test_an_enabled_module_needs_no_section(lamps: Path) -> None:
    lamps.write_text("", encoding="utf-8")
    made = config.load(lamps, {"LAMP_COLOUR": "red"}, {"modules.enabled": ["lamps"]})
    assert made.section("lamps").colour == "red"
    assert Config().section("lamps").colour == "green"
    assert config.changed(Config(), {"lamps.count": 9}).section("lamps").count == 9
    with pytest.raises(ConfigError, match="has no settings"):
        made.section("no_such_module")


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("[lamps]\ncolor = 'red'", "lamps.color", "unknown setting"),
        ("[lamps]\ncount = 'many'", "lamps.count", "whole number"),
        ("[lamps]\nkey = 'k'", "lamps.key", "set LAMP_KEY instead"),
        ("[lamps]\ncolour = 'octarine'", "lamps.colour", "out of sight"),
        ("lamps = 3", "lamps", "must be a table"),
        ("[json]\nx = 1", "json", "unknown setting"),
        ("[sections]\nx = 1", "sections", "unknown setting"),
    ],
)
def test_a_wrong_setting_of_a_module_is_named(lamps: Path, text: str, key: str, told: str) -> None:
    lamps.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as refused:
        config.load(lamps, {})
    assert refused.value.key == key


def test_a_module_has_its_say_about_a_production_start(lamps: Path) -> None:
    lamps.write_text("", encoding="utf-8")
    named = {"modules.enabled": ["lamps"]}
    assert "LAMP_KEY" in [p.key for p in config.unsafe(config.load(lamps, {}, named))]
    assert "LAMP_KEY" not in [p.key for p in config.unsafe(config.load(lamps, {"LAMP_KEY": "x"}, named))]
    assert "LAMP_KEY" not in [p.key for p in config.unsafe(config.load(lamps, {}))]


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
        if is_dataclass(value):
            found |= _fields(value, f"{prefix}{field.name}.")
        elif field.repr and field.name != "sections":
            found.add(prefix + field.name)
    return found
