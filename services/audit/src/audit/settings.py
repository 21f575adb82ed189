"""Settings of the audit service: environment variables with the prefix GOODSTANDING_."""

from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from audit.bucket import Bucket
from goodstanding.policy import Policy, load_policy

FROM_FILES: Final = ("audit_database_url", "audit_token", "log_store_secret_key")
"""Secrets that may also be given as the name of a file that holds them."""


class Settings(BaseSettings):
    """What an operator may set; every default suits one machine."""

    model_config = SettingsConfigDict(env_prefix="GOODSTANDING_")

    var: Path = Field(default=Path("var"), description="Folder of everything that is kept: database, keys, log.")
    origin: str = Field(default="http://127.0.0.1:8080", description="Public address of the gateway.")
    log_origin: str | None = Field(
        default=None, description="Name of the log, fixed at its first start; default: the origin's host and /log."
    )
    log_folder: Path | None = Field(
        default=None, description="Folder of the published log files; default: log in GOODSTANDING_VAR."
    )
    log_store_url: str = Field(
        default="",
        description="Bucket, and folder in it, of the published log files, such as s3://log/public; "
        "empty: they are in GOODSTANDING_LOG_FOLDER.",
    )
    log_store_endpoint: str = Field(
        default="", description="Address of the bucket's service, such as http://store:8333; empty: Amazon's."
    )
    log_store_region: str = Field(default="us-east-1", description="Region of the bucket.")
    log_store_access_key: str = Field(
        default="", description="Name of the key to the bucket; empty: the key of the machine, at Amazon's."
    )
    log_store_secret_key: SecretStr = Field(default=SecretStr(""), description="Key to the bucket.")
    log_store_secret_key_file: Path | None = Field(
        default=None, description="File that holds GOODSTANDING_LOG_STORE_SECRET_KEY."
    )
    log_store_path_style: bool = Field(
        default=True, description="Name the bucket in the path of a request; false: in the endpoint's host name."
    )
    log_policy_file: Path | None = Field(
        default=None,
        description="File with the witnesses of the log and their quorum (C2SP tlog-policy): they are asked to cosign, "
        "and what raises trust waits for them; empty: neither.",
    )
    log_witness_wait: float = Field(
        default=2.0, gt=0, le=30, description="Seconds for which a checkpoint waits for its witnesses at most."
    )
    pkcs11_module: Path | None = Field(
        default=None,
        description="File of a PKCS#11 module: new keys are made in a token and stay there; empty: they are files.",
    )
    pkcs11_token: str = Field(default="", max_length=32, description="Label of the PKCS#11 token.")
    pkcs11_pin_file: Path | None = Field(
        default=None, description="File that holds the PIN of the PKCS#11 token's user."
    )
    audit_database_url: SecretStr | None = Field(
        default=None, description="Async SQLAlchemy URL; default: SQLite in audit.db in GOODSTANDING_VAR."
    )
    audit_database_url_file: Path | None = Field(
        default=None, description="File that holds GOODSTANDING_AUDIT_DATABASE_URL."
    )
    audit_host: str = Field(default="127.0.0.1", description="Address the audit service listens on.")
    audit_port: int = Field(default=8082, ge=0, le=65535, description="Port the audit service listens on.")
    audit_token: SecretStr = Field(
        default=SecretStr(""), description="Secret by which the audit service knows its registry."
    )
    audit_token_file: Path | None = Field(default=None, description="File that holds GOODSTANDING_AUDIT_TOKEN.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="From which level on to log."
    )
    otlp_endpoint: str = Field(
        default="",
        description="Address of an OpenTelemetry collector, such as http://collector:4318; empty: no spans are sent.",
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
        return given

    @model_validator(mode="after")
    def _know_the_bucket(self) -> Self:
        """Read the bucket's address now. ValueError for one that is none, and for two places."""
        if self.log_store_url and self.log_folder:
            raise ValueError("log_store_url and log_folder are both set: the log's files live in one of them")
        assert self.published
        return self

    @model_validator(mode="after")
    def _know_the_token(self) -> Self:
        """ValueError for a PKCS#11 module without its token."""
        if self.pkcs11_module and not (self.pkcs11_token and self.pkcs11_pin_file):
            raise ValueError("pkcs11_module needs pkcs11_token and pkcs11_pin_file as well")
        return self

    @property
    def policy(self) -> Policy | None:
        """Who cosigns the log; LogError for a file that is no policy."""
        return None if self.log_policy_file is None else load_policy(self.log_policy_file)

    @property
    def log_name(self) -> str:
        """Origin line of the log's checkpoints, such as `127.0.0.1:8080/log`."""
        return self.log_origin or f"{urlsplit(self.origin).netloc}/log"

    @property
    def published(self) -> Path | Bucket:
        """Where the published files live."""
        if not self.log_store_url:
            return self.log_folder or self.var / "log"
        return Bucket(
            self.log_store_url,
            endpoint=self.log_store_endpoint,
            region=self.log_store_region,
            access_key=self.log_store_access_key,
            secret_key=self.log_store_secret_key.get_secret_value(),
            path_style=self.log_store_path_style,
        )

    @property
    def database_url(self) -> str:
        """URL of the log's database."""
        given = self.audit_database_url
        return given.get_secret_value() if given else f"sqlite+aiosqlite:///{self.var / 'audit.db'}"

    @property
    def log_key(self) -> Path:
        """File of the key that signs checkpoints."""
        return self.var / "keys" / "log.pem"

    @property
    def time_key(self) -> Path:
        """File of the time cosigner's key."""
        return self.var / "keys" / "log-time.pem"
