"""The environment, read once and checked, as one frozen `Config`.

Every setting has a name that an operator can put into the environment or into `.env`; a wrong value
stops the start with one line that names it. Nothing else in the package reads the environment.
"""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    SettingsConfigDict,
)

from callscope.observability.environment import VARIABLES as CLIENT_VARIABLES
from callscope.wording import plain_message

MIN_SECRET = 16
EXAMPLE_URL = "postgresql://user:password@host:5432/name"


class ConfigError(Exception):
    """A setting that cannot be used; the message is the one line the operator reads."""


def default_data_dir() -> Path:
    """The folder of the embedded database: `$XDG_DATA_HOME/callscope` or `~/.local/share/callscope`."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "callscope"


class Config(BaseSettings):
    """All settings. Field names are Python's; the alias is the environment variable."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    database_url_setting: str = Field("", alias="DATABASE_URL")
    secret_key_setting: str = Field("", alias="SECRET_KEY")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), alias="CORS_ORIGINS")
    data_dir: Path = Field(default_factory=default_data_dir, alias="CALLSCOPE_DATA_DIR")
    host: str = Field("127.0.0.1", alias="CALLSCOPE_HOST")
    port: int = Field(8000, alias="CALLSCOPE_PORT", ge=0, le=65535)
    public_url: str = Field("", alias="CALLSCOPE_PUBLIC_URL")
    trusted_hops: int = Field(0, alias="CALLSCOPE_TRUSTED_HOPS", ge=0, le=10)
    demo_users: Literal["local", "everywhere", "off"] = Field("local", alias="CALLSCOPE_DEMO_USERS")
    registration: Literal["auto", "open", "off"] = Field("auto", alias="CALLSCOPE_REGISTRATION")
    token_hours: int = Field(12, alias="CALLSCOPE_TOKEN_HOURS", ge=1, le=24 * 90)
    max_body_bytes: int = Field(32 * 2**20, alias="CALLSCOPE_MAX_BODY_BYTES", ge=2**10)
    queue_rows: int = Field(20_000, alias="CALLSCOPE_QUEUE_ROWS", ge=1_000)
    queue_bytes: int = Field(64 * 2**20, alias="CALLSCOPE_QUEUE_BYTES", ge=2**20)
    cache_bytes: int = Field(64 * 2**20, alias="CALLSCOPE_CACHE_BYTES", ge=2**20)
    metrics_dir: Path | None = Field(None, alias="CALLSCOPE_METRICS_DIR")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="CALLSCOPE_LOG_LEVEL")
    log_format: Literal["auto", "json", "console"] = Field("auto", alias="CALLSCOPE_LOG_FORMAT")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip().rstrip("/") for part in value.strip("[]").replace('"', "").split(",") if part.strip())

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not origin.startswith(("http://", "https://")):
                raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_database(self) -> "Config":
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        url = self.database_url
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            scheme = url.partition(":")[0]
            raise ValueError(
                f"DATABASE_URL: {scheme!r} is not a database Callscope knows; use sqlite:/// or postgresql://"
            )
        try:
            path = make_url(url).database
        except (ArgumentError, ValueError):  # the latter for a port that is no number
            raise ValueError(f"DATABASE_URL is not an address such as {EXAMPLE_URL}") from None
        if self.is_sqlite and (not path or ":memory:" in url):
            raise ValueError(
                "DATABASE_URL names no file, and the data must be in one: sqlite:///here.db, sqlite:////absolute/path.db"
            )
        if self.secret_key_setting and len(self.secret_key_setting) < MIN_SECRET:
            raise ValueError(f"SECRET_KEY must have at least {MIN_SECRET} characters")
        return self

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL; PostgreSQL addresses as other tools write them are taken too."""
        url = self.database_url_setting
        if not url:
            return f"sqlite:///{self.data_dir / 'callscope.db'}"
        for prefix in ("postgresql://", "postgres://", "postgresql+psycopg2://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def is_sqlite(self) -> bool:
        """Whether the data is in an SQLite file."""
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_file(self) -> Path:
        """Where the SQLite file is, or will be."""
        from sqlalchemy import make_url

        return Path(make_url(self.database_url).database or "")

    @property
    def prices_file(self) -> Path:
        """Where the prices that `callscope prices update` fetched are kept."""
        return self.data_dir / "prices.json"

    @cached_property
    def secret_key(self) -> str:
        """The key that signs tokens: as set, or made at the first start and kept in the data folder, mode 600.

        Raises ConfigError where it must be set and is not: what only reads or writes the database does without it.
        """
        if self.secret_key_setting:
            return self.secret_key_setting
        if not self.is_sqlite:
            raise ConfigError("SECRET_KEY must be set when DATABASE_URL is a PostgreSQL server")
        path = self.data_dir / "secret_key"
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_when_written(path)
        except OSError as error:
            raise ConfigError(f"CALLSCOPE_DATA_DIR: {self.data_dir} cannot be written: {error.strerror}") from error
        with os.fdopen(descriptor, "w") as file:
            key = secrets.token_urlsafe(48)
            file.write(key)
        return key


def _read_when_written(path: Path) -> str:
    """The key another process is just writing: it is one short write, so a few tries are enough."""
    import time

    for _ in range(100):
        key = path.read_text().strip()
        if len(key) >= MIN_SECRET:
            return key
        time.sleep(0.01)
    raise ConfigError(f"SECRET_KEY: {path} holds fewer than {MIN_SECRET} characters; delete it, and a new key is made")


def load_config(**overrides: object) -> Config:
    """Read the environment and `.env`.

    Raises ConfigError with one line that names the setting.
    """
    try:
        return Config(**overrides)  # type: ignore[arg-type]  # pydantic checks what the caller passes
    except UnicodeDecodeError as error:
        raise ConfigError(f".env is not text in UTF-8 (byte {error.start} is not)") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        message = plain_message(first)
        raise ConfigError(f"{name}: {message}" if name else message) from error


def unknown_settings() -> list[str]:
    """The names in the environment and in `.env` that begin like a setting's and are none: misspelt ones, mostly."""
    known = {str(field.alias) for field in Config.model_fields.values()} | set(CLIENT_VARIABLES)
    named = {name.upper() for source in (EnvSettingsSource, DotEnvSettingsSource) for name in source(Config).env_vars}
    return sorted(name for name in named if name.startswith("CALLSCOPE_") and name not in known)
