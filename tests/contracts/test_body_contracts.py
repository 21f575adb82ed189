"""Every kind of event body has a JSON Schema, and schema and code accept and refuse the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from goodstanding.bodies import KINDS
from goodstanding.errors import EventError
from goodstanding.events import encode_body

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors" / "bodies"


def schema(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((HERE / f"body-{kind}.schema.json").read_text()))


def vector(kind: str) -> dict[str, Any]:
    return json.loads((VECTORS / f"{kind}.json").read_text())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_accepted_body_passes_both(kind: str) -> None:
    body = vector(kind)["accepted"]
    schema(kind).validate(body)
    encode_body(body)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_refused_body_fails_both(kind: str) -> None:
    body = vector(kind)["refused"]
    assert not schema(kind).is_valid(body)
    with pytest.raises(EventError):
        encode_body(body)


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in HERE.glob("*.schema.json")} == {f"body-{kind}.schema.json" for kind in KINDS}
