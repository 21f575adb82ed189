"""What an operator sets, read from environment variables that begin with ``GOODSTANDING_``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from goodstanding.addresses import is_address
from goodstanding.number import SAMPLE_PREFIX


def _seconds(value: object) -> object:
    """A bare number in an environment variable is a number of seconds; ISO 8601 durations pass through."""
    return float(value) if isinstance(value, str) and value.isdigit() else value


Duration = Annotated[timedelta, BeforeValidator(_seconds)]

FROM_FILES: Final = ("database_url", "audit_token")
"""Secrets that may also be given as the name of a file that holds them."""


class Settings(BaseSettings):
    """Settings of the registry. Durations are seconds or ISO 8601, such as ``900`` or ``PT15M``."""

    model_config = SettingsConfigDict(env_prefix="GOODSTANDING_", frozen=True, extra="ignore")

    origin: str = Field(
        "http://127.0.0.1:8080", description="public address of the register, without a slash at the end"
    )
    var: Path = Field(Path("var"), description="folder for everything this program keeps on disk")
    prefix: str = Field(SAMPLE_PREFIX, pattern=r"^[A-Z]{2,6}$", description="prefix of every number given out here")
    database_url: SecretStr = Field(
        SecretStr(""), description="async SQLAlchemy URL; empty: SQLite under the folder var"
    )
    database_url_file: Path | None = Field(None, description="file that holds GOODSTANDING_DATABASE_URL")
    registry_host: str = Field("127.0.0.1", description="address the registry listens on")
    registry_port: int = Field(8081, ge=0, le=65_535, description="port the registry listens on")
    work_port: int = Field(0, ge=0, le=65_535, description="port for the health of `registry work`; 0: none")
    audit_url: str = Field("http://127.0.0.1:8082", description="address of the log service")
    audit_token: SecretStr = Field(SecretStr(""), description="what the log service knows this registry by")
    audit_token_file: Path | None = Field(None, description="file that holds GOODSTANDING_AUDIT_TOKEN")
    log_origin: str = Field("", description="the log's origin line; empty: taken from its verifier keys")
    log_vkey: str = Field("", description="the log's verifier key")
    log_time_vkey: str = Field("", description="the log's time cosigner's verifier key")
    log_vkeys_file: Path | None = Field(
        None, description="file with both keys of the log, as `audit vkeys` prints them"
    )
    log_policy_file: Path | None = Field(
        None,
        description="file with the witnesses of the log and their quorum (C2SP tlog-policy): they are asked to cosign, "
        "and what raises trust waits for them; empty: neither",
    )
    status_list_ttl: Duration = Field(timedelta(seconds=30), description="how long a reader may keep a status list")
    status_list_lifetime: Duration = Field(timedelta(hours=1), description="when a signed status list expires")
    record_lifetime: Duration = Field(timedelta(days=90), description="when a signed record expires")
    key_notice: Duration = Field(
        timedelta(hours=24), description="how long a key is published before it signs: readers fetch keys that often"
    )
    pkcs11_module: Path | None = Field(
        None, description="file of a PKCS#11 module: new keys are made in a token and stay there; empty: they are files"
    )
    pkcs11_token: str = Field("", max_length=32, description="label of the PKCS#11 token")
    pkcs11_pin_file: Path | None = Field(None, description="file that holds the PIN of the PKCS#11 token's user")
    proposal_lifetime: Duration = Field(timedelta(days=14), description="how long a proposal waits for a second person")
    signals_daily: int = Field(
        40,
        ge=2,
        description="reports without an account about one organisation in 24 hours; from half of it on, by chance",
    )
    signals_waiting: int = Field(
        5_000, ge=1, description="reports without an account that may wait to be taken up, all organisations together"
    )
    signals_shown_from: int = Field(
        5,
        ge=2,
        description="number of substantiated signals from which on, and in steps of which, they are counted in public",
    )
    token_lifetime: Duration = Field(timedelta(minutes=15), description="longest life of an access token")
    oidc_issuer: str = Field(
        "", description="issuer of an OpenID Connect provider whose access tokens count, instead of the register's own"
    )
    oidc_audience: str = Field("", description="audience such tokens must name; empty: the public address")
    oidc_algs: tuple[Literal["ES256", "EdDSA", "PS256", "RS256"], ...] = Field(
        ("ES256", "EdDSA"), min_length=1, description="JSON array of the algorithms such tokens may be signed with"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="from which level on to log")
    otlp_endpoint: str = Field(
        "", description="address of an OpenTelemetry collector, such as http://collector:4318; empty: no spans are sent"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take from files what was given as a file. ValueError for both; OSError for a file that cannot be read."""
        for name in FROM_FILES:
            if file := given.get(f"{name}_file"):
                if given.get(name):
                    raise ValueError(f"{name} and {name}_file are both set: set one of them")
                given = given | {name: Path(file).read_text("utf-8").strip()}
        if file := given.get("log_vkeys_file"):
            keys = Path(file).read_text("utf-8").split()
            if len(keys) != 2:
                raise ValueError(f"{file} does not hold the two keys that `audit vkeys` prints")
            given = dict(zip(("log_vkey", "log_time_vkey"), keys, strict=True)) | given
        return given

    @model_validator(mode="after")
    def _know_the_token(self) -> Self:
        """ValueError for a PKCS#11 module without its token."""
        if self.pkcs11_module and not (self.pkcs11_token and self.pkcs11_pin_file):
            raise ValueError("pkcs11_module needs pkcs11_token and pkcs11_pin_file as well")
        return self

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, issuer: str) -> str:
        """ValueError for an issuer whose keys could not be fetched safely."""
        if issuer and not is_address(issuer):
            raise ValueError("an issuer is an https address; http is for this machine alone")
        return issuer

    @property
    def database(self) -> str:
        """The database's URL: the one set, or SQLite under ``var``."""
        return self.database_url.get_secret_value() or f"sqlite+aiosqlite:///{(self.var / 'registry.db').as_posix()}"
