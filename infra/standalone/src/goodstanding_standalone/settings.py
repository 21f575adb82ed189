"""What an operator of the one-process way may set; everything else follows from it."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from goodstanding.number import SAMPLE_PREFIX


class StandaloneSettings(BaseSettings):
    """Settings of `goodstanding-standalone`, each an environment variable with the prefix `GOODSTANDING_`."""

    model_config = SettingsConfigDict(env_prefix="GOODSTANDING_", frozen=True, extra="ignore")

    var: Path = Field(Path("var"), description="folder for databases, the log's files and keys")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=1, le=65_535, description="port to listen on")
    origin: str = Field("", description="public address, without a slash at the end; empty: the port on this machine")
    prefix: str = Field(SAMPLE_PREFIX, pattern=r"^[A-Z]{2,6}$", description="prefix of every number given out here")

    @property
    def public_origin(self) -> str:
        """The address clients use, as it stands in records and tokens."""
        return self.origin or f"http://127.0.0.1:{self.port}"

    @property
    def log_origin(self) -> str:
        """The log's name: the public address without its scheme, and `/log`."""
        parts = urlsplit(self.public_origin)
        return f"{parts.netloc}{parts.path.rstrip('/')}/log"

    @property
    def keys(self) -> Path:
        """Folder of the private keys and the service token, readable by its owner only."""
        return self.var / "keys"

    @property
    def registry_url(self) -> str:
        """The registry's database."""
        return f"sqlite+aiosqlite:///{(self.var / 'registry.db').as_posix()}"

    @property
    def audit_url(self) -> str:
        """The log's database."""
        return f"sqlite+aiosqlite:///{(self.var / 'audit.db').as_posix()}"
