"""The table of what entities have signed for federations."""

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from registry.columns import BigKey, utc


class FederationTokenRow(SQLModel, table=True):
    """The newest token of one kind, by one entity, about another: what is signed is stored first, then the token.

    `digest` is of what it says, without its times: another digest means that it is out of date.
    """

    __tablename__ = "federation_tokens"
    __table_args__ = (
        Index("federation_tokens_place", "kind", "issuer", "subject", "about", unique=True),
        Index("federation_tokens_valid", "kind", "issuer", "about", "exp"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True, autoincrement=True))
    kind: str = Field(max_length=20)  # configuration | subordinate | delegation | mark | resolved | history
    issuer: str = Field(max_length=200)  # ids of this register, not addresses
    subject: str = Field(max_length=200)
    about: str = Field(max_length=200)  # mark, delegation: the scheme; otherwise empty
    issue: int  # how many there have been, this one included
    digest: bytes = Field(max_length=32)
    iat: datetime = Field(sa_column=utc())
    exp: datetime = Field(sa_column=utc())
    payload: bytes  # exact bytes to sign
    token: str | None = Field(default=None)  # set once an issue
    kid: str | None = Field(default=None, max_length=300)  # the key that signed the token, set with it
