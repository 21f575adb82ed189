"""Settings of the audit service: environment variables with the prefix GOODSTANDING_."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    audit_database_url: str | None = Field(
        default=None, description="Async SQLAlchemy URL; default: SQLite in audit.db in GOODSTANDING_VAR."
    )
    audit_host: str = Field(default="127.0.0.1", description="Address the audit service listens on.")
    audit_port: int = Field(default=8082, ge=0, le=65535, description="Port the audit service listens on.")
    audit_token: SecretStr = Field(
        default=SecretStr(""), description="Secret by which the audit service knows its registry."
    )

    @property
    def log_name(self) -> str:
        """Origin line of the log's checkpoints, such as `127.0.0.1:8080/log`."""
        return self.log_origin or f"{urlsplit(self.origin).netloc}/log"

    @property
    def folder(self) -> Path:
        """Folder of the published files."""
        return self.log_folder or self.var / "log"

    @property
    def database_url(self) -> str:
        """URL of the log's database."""
        return self.audit_database_url or f"sqlite+aiosqlite:///{self.var / 'audit.db'}"

    @property
    def log_key(self) -> Path:
        """File of the key that signs checkpoints."""
        return self.var / "keys" / "log.pem"

    @property
    def time_key(self) -> Path:
        """File of the time cosigner's key."""
        return self.var / "keys" / "log-time.pem"
