"""Names of things as 16 bytes: what identifiers, domains and organisations are looked up by.

A key is BLAKE2b of the text, personalised by its kind: nobody can make up an identifier that leads where another one
does. Spellings that mean the same give the same key.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import Any

SIZE = 16


def identifier_key(scheme: str, value: str) -> bytes:
    """The key of an identifier: case and spaces do not matter."""
    return _key(b"identifier", f"{scheme.strip().casefold()}\0{''.join(value.split()).casefold()}")


def domain_key(domain: str) -> bytes:
    """The key of a web domain, in ASCII form (IDNA) where it has one."""
    name = domain.strip().rstrip(".").lower()
    if not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("idna").decode("ascii")
    return _key(b"domain", name)


def organisation_key(organisation: str) -> bytes:
    """The key of an organisation's id."""
    return _key(b"organisation", organisation)


def stated_keys(organisation: Mapping[str, Any]) -> Iterator[bytes]:
    """What an organisation in an accreditation object is found by."""
    yield from (identifier_key(entry["scheme"], entry["value"]) for entry in organisation.get("identifiers", ()))
    yield from (domain_key(domain) for domain in organisation.get("domains", ()))


def _key(kind: bytes, text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=SIZE, person=kind).digest()
