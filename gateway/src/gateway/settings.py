"""Settings: environment variables with the prefix `GOODSTANDING_`."""

from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a gateway needs to know."""

    model_config = SettingsConfigDict(env_prefix="GOODSTANDING_", extra="ignore", frozen=True)

    origin: str = Field("http://127.0.0.1:8080", description="Public origin: audience of tokens, printed on pages.")
    host: str = Field("127.0.0.1", description="Address `gateway serve` listens on.")
    port: int = Field(8080, ge=1, le=65535, description="Port `gateway serve` listens on.")
    registry_url: str = Field("http://127.0.0.1:8081", description="Base address of the registry.")
    audit_url: str = Field("http://127.0.0.1:8082", description="Base address of the audit service.")
    trust: Path = Field(Path("var/trust.json"), description="Trust file: logs, status keys, issuers.")
    prefix: str | None = Field(None, description="Number prefix to follow, where the trust file names several logs.")
    access_keys: list[dict[str, Any]] = Field(
        default_factory=list, description="JSON array of public JWKs that sign access tokens."
    )
    freshness_seconds: int = Field(30, ge=5, le=3600, description="How long a signed time counts as fresh.")
    graphiql: bool = Field(True, description="Serve the query page to browsers at /graphql.")
    introspection: bool = Field(True, description="Answer introspection queries.")
