"""Settings: `BURSAR_…` environment variables, each with a sensible value for one machine.

A wrong setting stops the start with one line that names it. Secrets are not settings: they are
files in `SECRETS_DIR`, made at the first start.
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mcp_server.http.origins import LOOPBACK
from mcp_server.http.proxies import networks

ASYNC_DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}
Names = Annotated[tuple[str, ...], NoDecode]
"""In the environment: words separated by commas."""


Secrets = Annotated[tuple[SecretStr, ...], NoDecode]
"""In the environment: secrets separated by commas, none of them empty."""
STRIPE_TEST_KEYS = ("sk_test_", "rk_test_")
STRIPE_LIVE_KEYS = ("sk_live_", "rk_live_")
STRIPE_WEBHOOK_SECRET = "whsec_"  # noqa: S105 - how they begin


class WrongSetting(Exception):
    """A setting is wrong: its name, and what would be right."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")


class Settings(BaseSettings):
    """Everything an operator may choose. Field names in capitals after `BURSAR_`."""

    model_config = SettingsConfigDict(
        env_prefix="BURSAR_", env_file=".env", extra="ignore", populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535, validation_alias=AliasChoices("BURSAR_PORT", "PORT"))
    public_url: str = ""
    """Where people and agents reach this installation; follows from host and port if not set."""
    name: str = "Bursar"

    database_url: str = "sqlite:///var/bursar.db"
    database_direct_url: str = ""
    """Used by migrations alone: the owner of the tables, not through a pooler."""
    database_pool_size: int = Field(5, ge=1, le=100)
    database_pool_timeout: float = Field(5.0, gt=0, le=60)
    database_behind_pooler: bool = False
    redis_url: SecretStr = SecretStr("")
    secrets_dir: Path = Path("var/secrets")

    allowed_origins: Names = ()
    """Origins of browser clients that may call the API and the MCP endpoint."""
    trusted_proxies: Names = ()
    """Addresses or networks whose X-Forwarded-For is believed."""
    metrics_token: SecretStr = SecretStr("")
    """Lets a scraper that is not on this machine read /metrics."""
    log_format: Literal["auto", "json", "pretty"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    reporting_time_zone: str = "UTC"
    """Whose days and months revenue is reported in, where nobody asks for another."""
    require_second_factor: bool = False
    worker_in_serve: bool = True
    """Whether `serve` also relays events and does jobs; no where `work` runs beside it."""

    mcp_stateless: bool = False
    """Serve handshake-era clients without sessions, so that any replica may answer."""

    rate_read: int = Field(1200, ge=1)
    """Calls a minute of one caller to one operation, by class."""
    rate_write: int = Field(300, ge=1)
    rate_usage: int = Field(60_000, ge=1)
    rate_sensitive: int = Field(60, ge=1)
    rate_strict: int = Field(20, ge=1)

    smtp_host: str = ""
    """Without it, mails are kept in the database and shown there."""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str = "Bursar <bursar@localhost>"

    stripe_secret_key: SecretStr = SecretStr("")
    """Without one the sandbox stands in for Stripe, unless it is turned off."""
    stripe_webhook_secrets: Secrets = ()
    """Of the endpoint for snapshot events; several while they are rotated."""
    stripe_thin_webhook_secrets: Secrets = ()
    """Of the endpoint for thin events, which is not there without one."""
    stripe_api_base: str = ""
    """Another address than Stripe's own, such as a stand-in's."""
    stripe_sandbox: bool | None = None
    """Whether to stand in for Stripe; follows from the key if not set."""

    operator_email: str = "operator@localhost.localdomain"
    """The first operator, made by the first start."""

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(each.strip() for each in value.split(",") if each.strip())
        return value

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not value:
            return value
        driver = ASYNC_DRIVERS.get(scheme, scheme)
        if not separator or driver not in ASYNC_DRIVERS.values():
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return f"{driver}://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks(value)
        return value

    @field_validator("reporting_time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            raise ValueError("must name a time zone, as in Europe/Berlin") from None

    @field_validator("stripe_sandbox", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("stripe_webhook_secrets", "stripe_thin_webhook_secrets", mode="before")
    @classmethod
    def _secrets(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(each.strip() for each in value.split(",")) if value.strip() else ()
        return value

    @field_validator("stripe_webhook_secrets", "stripe_thin_webhook_secrets")
    @classmethod
    def _whole_secrets(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        # Whoever knows a secret can tell us of payments, and everybody knows the empty one.
        for each in value:
            secret = each.get_secret_value()
            if not secret.startswith(STRIPE_WEBHOOK_SECRET) or secret == STRIPE_WEBHOOK_SECRET:
                raise ValueError("each must begin with whsec_, and none may be empty")
        return value

    @field_validator("stripe_secret_key")
    @classmethod
    def _key(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key and not key.startswith(STRIPE_TEST_KEYS + STRIPE_LIVE_KEYS):
            raise ValueError("must begin with sk_test_, sk_live_, rk_test_ or rk_live_")
        return value

    @field_validator("stripe_api_base")
    @classmethod
    def _base(cls, value: str) -> str:
        base = value.rstrip("/")
        parts = urlsplit(base)
        if base and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query):
            raise ValueError("must be a scheme, a host and perhaps a path")
        return base

    @model_validator(mode="after")
    def _stripe(self) -> Self:
        key = self.stripe_secret_key.get_secret_value()
        if not key and (self.stripe_webhook_secrets or self.stripe_thin_webhook_secrets):
            raise ValueError("stripe_secret_key is needed where there are webhook secrets")
        if key and self.stripe_sandbox:
            raise ValueError("stripe_sandbox cannot be on beside a key, which it would not use")
        if key and not self.stripe_webhook_secrets:
            raise ValueError("stripe_webhook_secrets is needed where there is a key")
        if self.stripe_api_base and (not key or key.startswith(STRIPE_LIVE_KEYS)):
            raise ValueError("stripe_api_base is for test keys: another must go to Stripe alone")
        return self

    @model_validator(mode="after")
    def _url(self) -> Self:
        url = (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        if parts.scheme not in {"http", "https"} or not host or parts.path or parts.query:
            raise ValueError("public_url must be a scheme and a host, as in https://bursar.example")
        if parts.scheme == "http" and host not in LOOPBACK:
            raise ValueError("public_url must begin with https:// unless it is on this machine")
        object.__setattr__(self, "public_url", url)
        return self

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def has_sandbox(self) -> bool:
        """Whether a stand-in for Stripe is served here, and paid with."""
        if self.stripe_sandbox is not None:
            return self.stripe_sandbox
        return not self.stripe_secret_key.get_secret_value()

    @property
    def is_test(self) -> bool:
        """Whether nothing here is real money: a stand-in for Stripe, or its test keys."""
        key = self.stripe_secret_key.get_secret_value()
        return self.has_sandbox or key.startswith(STRIPE_TEST_KEYS)

    @property
    def database_file(self) -> Path | None:
        """The SQLite file, if that is what the database is."""
        return Path(self.database_url.partition(":///")[2]) if self.is_sqlite else None


def load_settings(**overrides: object) -> Settings:
    """Read the environment. Raises WrongSetting with the name of the first one that is wrong."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type] # fields are read by pydantic
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            name, _, problem = problem.partition(" ")
            raise WrongSetting(f"BURSAR_{name.upper()}", problem) from None
        name = str(first["loc"][0]).upper().removeprefix("BURSAR_")
        raise WrongSetting(f"BURSAR_{name}", problem) from None
