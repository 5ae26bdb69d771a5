"""Typed settings: config.toml, then the environment. An unknown or ill-typed key stops the start.

A module brings its own section, named as its package: the frozen dataclass `Settings` in `<package>/settings.py`, and
beside it `ENVIRONMENT` (variable → field). `Settings` may have two methods: `validate()` raises ConfigError for values
that can never work, `unsafe(config)` lists what a production start refuses. `settings.py` is read before the
application is made, so it and the package's `__init__` import little.

A field that is hidden from `repr` is a secret: the file may not hold it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import secrets
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints
from urllib.parse import urlsplit

LANGUAGES = ("en", "vi", "zh")


class ConfigError(Exception):
    """A setting is wrong. `key` names it, `remedy` says how to mend it."""

    def __init__(self, key: str, message: str, remedy: str = "") -> None:
        self.key, self.message, self.remedy = key, message, remedy
        super().__init__(f"{key}: {message}" + (f" — {remedy}" if remedy else ""))


@dataclass(frozen=True)
class Modules:
    enabled: tuple[str, ...] = ("call_center",)


@dataclass(frozen=True)
class Company:
    name: str = "My company"
    country: str = "VN"
    currency: str = "VND"
    language: str = "en"
    timezone: str = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class DatabaseSettings:
    url: str = ""
    pool: int = 20
    statement_timeout_s: int = 15


@dataclass(frozen=True)
class Web:
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 12
    public_url: str = ""
    proxies: int = 0
    max_body_mb: int = 20


@dataclass(frozen=True)
class Security:
    session_idle_minutes: int = 480
    session_days: int = 14
    password_min_length: int = 10
    login_tries: int = 10
    login_window_minutes: int = 15


@dataclass(frozen=True)
class Push:
    host: str = "127.0.0.1"
    port: int = 8001
    public_url: str = ""


@dataclass(frozen=True)
class Jobs:
    poll_ms: int = 200
    lease_s: int = 30
    attempts: int = 8


@dataclass(frozen=True)
class Records:
    page_size: int = 50
    count_limit: int = 10_000
    upload_mb: int = 15
    recycle_days: int = 90


@dataclass(frozen=True)
class Log:
    level: str = "INFO"
    json: bool = True


@dataclass(frozen=True)
class Config:
    """All settings of one installation. `secret_key` is never read from the file."""

    environment: str = "production"
    data_dir: str = "var"
    modules: Modules = field(default_factory=Modules)
    company: Company = field(default_factory=Company)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    web: Web = field(default_factory=Web)
    security: Security = field(default_factory=Security)
    push: Push = field(default_factory=Push)
    jobs: Jobs = field(default_factory=Jobs)
    records: Records = field(default_factory=Records)
    log: Log = field(default_factory=Log)
    secret_key: str = field(default="", repr=False)
    sections: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def section(self, module: str) -> Any:
        """The `Settings` of a module, by its package name: as given, else its defaults.

        Raises ConfigError when there is no such module, or it has no settings.
        """
        if module in self.sections:
            return self.sections[module]
        file = _settings_file(module)
        if file is None:
            raise ConfigError(module, "has no settings")
        return file.Settings()

    @property
    def data(self) -> Path:
        return Path(self.data_dir)

    @property
    def database_url(self) -> str:
        """`sqlite:///…` or `postgresql://…`; the default stands in the data directory."""
        return self.database.url or f"sqlite:///{self.data / 'crm.sqlite3'}"

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def public_url(self) -> str:
        """The address people use, without a trailing slash."""
        return self.web.public_url.rstrip("/") or f"http://{self.web.host}:{self.web.port}"

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


# Environment variable → dotted key. Each also has a NAME_FILE form that reads the value from a file.
ENVIRONMENT = {
    "CRM_DATABASE_URL": "database.url",
    "CRM_SECRET_KEY": "secret_key",
    "CRM_PUBLIC_URL": "web.public_url",
    "CRM_DATA_DIR": "data_dir",
}


def load(
    path: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Settings of this process: defaults, then the file, then the environment, then `overrides` (dotted keys).

    A named file that is missing, an unknown key, a wrong type or an impossible value raises ConfigError.
    """
    environ = os.environ if environ is None else environ
    overrides = overrides or {}
    config = _from_file(_find(path, environ))
    if "modules.enabled" in overrides:
        config = _set(config, "modules.enabled", overrides["modules.enabled"])
    config = _with_sections(config)
    for name, key in _variables(config).items():
        value = secret(name, environ)
        if value is not None:
            config = _set(config, key, value)
    return changed(config, overrides)


def changed(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with other values (by dotted key). Raises ConfigError as load() does."""
    for key, value in values.items():
        config = _set(config, key, value)
    validate(config)
    return config


def secret(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The value of an environment variable, or of the file that `NAME_FILE` names; None when neither is set."""
    environ = os.environ if environ is None else environ
    if environ.get(name):
        return environ[name]
    file = environ.get(name + "_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            name + "_FILE", f"cannot be read: {error.strerror}", "name a readable file"
        ) from None


def validate(config: Config) -> None:
    """Raise ConfigError for a value that can never work, whatever the environment."""
    if config.environment not in ("production", "demo", "test"):
        raise ConfigError("environment", f"unknown: {config.environment!r}", "production, demo or test")
    if config.company.language not in LANGUAGES:
        raise ConfigError("company.language", f"unknown: {config.company.language!r}", "en, vi or zh")
    try:
        zoneinfo.ZoneInfo(config.company.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            "company.timezone", "no such time zone", "an IANA name such as Asia/Ho_Chi_Minh"
        ) from None
    if urlsplit(config.database_url).scheme not in ("sqlite", "postgresql", "postgres"):
        raise ConfigError("database.url", "unknown scheme", "sqlite:///path or postgresql://user@host/name")
    if config.log.level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise ConfigError("log.level", f"unknown: {config.log.level!r}", "DEBUG, INFO, WARNING or ERROR")
    for key in ("web.port", "push.port"):
        section, name = key.split(".")
        if not 0 <= getattr(getattr(config, section), name) <= 65535:
            raise ConfigError(key, "is no port", "a number from 1 to 65535")
    for made in config.sections.values():
        if hasattr(made, "validate"):
            made.validate()


def unsafe(config: Config) -> list[ConfigError]:
    """What a production start refuses; empty when all is well."""
    found: list[ConfigError] = []
    if config.environment != "production":
        return found
    if len(config.secret_key) < 32:
        found.append(
            ConfigError(
                "CRM_SECRET_KEY", "is missing or shorter than 32 characters", "`crm init` writes one for you"
            )
        )
    elif len(set(config.secret_key)) < 10:
        found.append(
            ConfigError("CRM_SECRET_KEY", "is too regular to be a secret", "use 32 random characters")
        )
    loopback = config.web.host in ("127.0.0.1", "localhost", "::1")
    if not loopback and not config.https:
        found.append(
            ConfigError(
                "web.public_url",
                "is not https while the web server is open to the network",
                "put TLS in front",
            )
        )
    if config.data.exists() and config.data.stat().st_mode & 0o007:
        found.append(
            ConfigError("data_dir", "may be read by other users of this machine", f"chmod 700 {config.data}")
        )
    for name in config.modules.enabled:
        if name in config.sections and hasattr(config.sections[name], "unsafe"):
            found += config.sections[name].unsafe(config)
    return found


def own_secret_key(config: Config, *, create: bool) -> Config:
    """The config with the key of `<data_dir>/secret_key` when the environment gives none; made when asked."""
    if config.secret_key:
        return config
    path = config.data / "secret_key"
    if not path.exists() and create:
        config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    if not path.exists():
        return config
    if path.stat().st_mode & 0o077:
        raise ConfigError("secret_key", "its file may be read by others", f"chmod 600 {path}")
    return replace(config, secret_key=path.read_text(encoding="ascii").strip())


def _find(path: Path | str | None, environ: Mapping[str, str]) -> Path | None:
    named = path or environ.get("CRM_CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigError(str(named), "no such configuration file", "name an existing file with --config")
        return Path(named)
    default = Path("config.toml")
    return default if default.is_file() else None


def _from_file(path: Path | None) -> Config:
    if path is None:
        return Config()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"is not valid TOML: {error}") from None
    own = {f.name for f in fields(Config)} - {"sections"}
    config: Config = _build(Config, {key: table[key] for key in table if key in own}, "", ENVIRONMENT)
    sections = {key: _section(key, value) for key, value in table.items() if key not in own}
    return replace(config, sections=sections)


def _section(name: str, table: Any) -> Any:
    """The settings of a module from its table in the file."""
    module = _settings_file(name)
    if module is None:
        known = sorted(f.name for f in fields(Config) if f.name != "sections")
        raise ConfigError(name, "unknown setting", f"known here: {', '.join(known)} and the names of modules")
    if not isinstance(table, Mapping):
        raise ConfigError(name, "must be a table", f"write [{name}]")
    return _build(module.Settings, table, name + ".", module.ENVIRONMENT)


def _settings_file(module: str) -> ModuleType | None:
    """`settings.py` of a module, imported; None when there is no such package or it has no settings."""
    # Looked for as a file: asking Python for "x.settings" would import whatever is named x.
    package = importlib.util.find_spec(module) if module.isidentifier() else None
    folders = (package and package.submodule_search_locations) or ()
    if not any((Path(folder) / "settings.py").is_file() for folder in folders):
        return None
    return importlib.import_module(f"{module}.settings")


def _with_sections(config: Config) -> Config:
    """`config` with a section for every enabled module that has settings."""
    missing = [name for name in config.modules.enabled if name not in config.sections]
    made = {name: module.Settings() for name in missing if (module := _settings_file(name)) is not None}
    return replace(config, sections={**config.sections, **made})


def _variables(config: Config) -> dict[str, str]:
    """Environment variable → dotted key: ours, then those of the modules that have a section."""
    found = dict(ENVIRONMENT)
    for name in config.sections:
        module = _settings_file(name)
        assert module is not None
        found |= {variable: f"{name}.{key}" for variable, key in module.ENVIRONMENT.items()}
    return found


def _build(kind: type, table: Mapping[str, Any], prefix: str, environment: Mapping[str, str]) -> Any:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            near = ", ".join(sorted(f.name for f in fields(kind)))
            raise ConfigError(prefix + key, "unknown setting", f"known here: {near}")
        if key in _secrets(kind):
            variable = next((name for name, of in environment.items() if of == key), "the environment")
            raise ConfigError(prefix + key, "must not stand in the file", f"set {variable} instead")
        values[key] = _typed(hints[key], value, prefix + key)
    return kind(**values)


def _secrets(kind: type) -> set[str]:
    return {f.name for f in fields(kind) if not f.repr}


def _typed(hint: Any, value: Any, key: str) -> Any:
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise ConfigError(key, "must be a table", f"write [{key}]")
        return _build(hint, value, key + ".", {})  # type: ignore[arg-type]
    if hint is bool and not isinstance(value, bool):
        raise ConfigError(key, "must be true or false")
    if hint is int and (not isinstance(value, int) or isinstance(value, bool)):
        raise ConfigError(key, "must be a whole number")
    if hint is int and value < 0:
        raise ConfigError(key, "must not be negative")
    if hint is str and not isinstance(value, str):
        raise ConfigError(key, "must be text in quotes")
    if hint == tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise ConfigError(key, "must be a list of texts")
        return tuple(value)
    return value


def _set(config: Config, key: str, value: Any) -> Config:
    section, _, name = key.rpartition(".")
    # Keys come from a person here too (`--set`), not only from our own table.
    owner = config.sections.get(section, getattr(config, section, None)) if section else config
    if owner is None and _settings_file(section) is not None:
        owner = config.section(section)
    if not is_dataclass(owner) or name not in get_type_hints(type(owner)) or key == "sections":
        raise ConfigError(key, "unknown setting")
    part: Any = replace(owner, **{name: _typed(get_type_hints(type(owner))[name], value, key)})  # type: ignore[type-var]
    if not section:
        return part
    if section in get_type_hints(Config):
        return replace(config, **{section: part})
    return replace(config, sections={**config.sections, section: part})
