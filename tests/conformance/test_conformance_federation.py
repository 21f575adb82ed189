"""Trust chains and resolve responses of a register, judged by OpenID Federation implementations that are not ours."""

from datetime import UTC, datetime, timedelta

import pytest
from federated_material import federated
from flipped_bits import flip_in_claim, flip_in_token
from foreign_tools import GRINDVAKT, OPENID_FEDERATION
from register_simulator import signer

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

VERIFIERS = pytest.mark.parametrize("verifier", [OPENID_FEDERATION, GRINDVAKT])
READ = {OPENID_FEDERATION: "/organisations/", GRINDVAKT: "/resolve?"}  # what each must have noticed to be altered


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    """A register's federation as of now."""
    return federated(tmp_path_factory.mktemp("federated"))


@VERIFIERS
def test_a_chain_is_accepted(judge, federation, verifier):
    verdict = judge(verifier, "federation", "as it is", federation.case())
    assert verdict["metadata"]["federation_entity"]["organization_name"] == "Himal Placements"


@VERIFIERS
def test_one_flipped_bit_of_a_signature_is_noticed(judge, federation, verifier):
    published = federation.damaged(READ[verifier], lambda token: flip_in_token(token, 2, 7))
    judge(verifier, "federation", "one bit of signature", federation.case(published=published), "(?i)signature")


@VERIFIERS
def test_one_flipped_bit_of_a_payload_is_noticed(judge, federation, verifier):
    published = federation.damaged(READ[verifier], lambda token: flip_in_claim(token, "organization_name"))
    judge(verifier, "federation", "one bit of payload", federation.case(published=published), "(?i)signature")


@VERIFIERS
def test_another_anchors_key_is_refused(judge, federation, verifier):
    case = federation.case(anchor_keys=[signer("another anchor").public_jwk])
    judge(verifier, "federation", "another anchor's key", case, "(?i)key|signature")


@VERIFIERS
def test_what_has_ended_is_refused(judge, tmp_path, verifier):
    old = federated(tmp_path, datetime.now(UTC).replace(microsecond=0) - timedelta(days=3))
    judge(verifier, "federation", "ended two days ago", old.case(), "(?i)expired|exp|no chain")
