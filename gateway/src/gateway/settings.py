"""Settings: environment variables with the prefix `GOODSTANDING_`."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from goodstanding.addresses import is_address


class Settings(BaseSettings):
    """What a gateway needs to know."""

    model_config = SettingsConfigDict(env_prefix="GOODSTANDING_", extra="ignore", frozen=True)

    origin: str = Field("http://127.0.0.1:8080", description="Public origin: audience of tokens, printed on pages.")
    host: str = Field("127.0.0.1", description="Address `gateway serve` listens on.")
    port: int = Field(8080, ge=1, le=65535, description="Port `gateway serve` listens on.")
    registry_url: str = Field("http://127.0.0.1:8081", description="Base address of the registry.")
    audit_url: str = Field("http://127.0.0.1:8082", description="Base address of the audit service.")
    var: Path = Field(Path("var"), description="Folder shared by the processes of a machine: `edge`, `subgraphs.sdl`.")
    trust: Path = Field(Path("var/trust.json"), description="Trust file: logs, status keys, issuers.")
    prefix: str | None = Field(None, description="Number prefix to follow, where the trust file names several logs.")
    access_keys: list[dict[str, Any]] = Field(
        default_factory=list, description="JSON array of public JWKs that sign access tokens."
    )
    access_keys_file: Path | None = Field(
        None, description="File that holds GOODSTANDING_ACCESS_KEYS, as `registry access-keys` makes it."
    )
    oidc_issuer: str = Field(
        "", description="Issuer of an OpenID Connect provider whose access tokens count, instead of the register's own."
    )
    oidc_audience: str = Field("", description="Audience such tokens must name; empty: the public address.")
    oidc_algs: tuple[Literal["ES256", "EdDSA", "PS256", "RS256"], ...] = Field(
        ("ES256", "EdDSA"), min_length=1, description="JSON array of the algorithms such tokens may be signed with."
    )
    freshness_seconds: int = Field(30, ge=5, le=3600, description="How long a signed time counts as fresh.")
    subgraph_token: SecretStr = Field(
        SecretStr(""), description="Secret a router shows at /subgraphs/verification; empty: that path answers 404."
    )
    subgraph_token_file: Path | None = Field(None, description="File that holds GOODSTANDING_SUBGRAPH_TOKEN.")
    graphiql: bool = Field(True, description="Serve the query page to browsers at /graphql.")
    introspection: bool = Field(True, description="Answer introspection queries.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="From which level on to log.")
    otlp_endpoint: str = Field(
        "",
        description="Address of an OpenTelemetry collector, such as http://collector:4318; empty: no spans are sent.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take from files what was given as a file. ValueError for both or no JSON; OSError for one it cannot read."""
        for name in ("access_keys", "subgraph_token"):
            if file := given.get(f"{name}_file"):
                if given.get(name):
                    raise ValueError(f"{name} and {name}_file are both set: set one of them")
                given = given | {name: Path(file).read_text("utf-8").strip()}
        if isinstance(keys := given.get("access_keys"), str):
            try:
                given = given | {"access_keys": json.loads(keys)}
            except json.JSONDecodeError as error:
                raise ValueError("access_keys_file holds something else than `registry access-keys` makes") from error
        return given

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, issuer: str) -> str:
        """ValueError for an issuer whose keys could not be fetched safely."""
        if issuer and not is_address(issuer):
            raise ValueError("an issuer is an https address; http is for this machine alone")
        return issuer
