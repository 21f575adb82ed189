import zlib
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_simulator import HOME, NOW, Register, signer

from goodstanding.canonical import b64u
from goodstanding.errors import TokenError
from goodstanding.jws import sign_jws
from goodstanding.status_list import (
    MAX_INFLATED,
    StatusList,
    sign_status_list,
    status_list_payload,
    verify_status_list,
)

URI = f"{HOME}/status-lists/1"
KEY = signer("status")
KEYS = {KEY.kid: KEY.public_jwk}
DRAFT = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]  # the two-bit example of the draft's section 4.1


def refused(token, *, now=NOW, uri=URI, leeway=0):
    with pytest.raises(TokenError) as error:
        verify_status_list(token, uri=uri, keys=KEYS, now=now, leeway=leeway)
    return error.value.reason


def payload(**changes):
    return (
        status_list_payload(uri=URI, lst=StatusList.of_size(64).encode(), iat=NOW, exp=NOW + timedelta(hours=1))
        | changes
    )


def test_bits_lie_as_the_draft_draws_them():
    codes = StatusList.of_size(12)
    for idx, code in enumerate(DRAFT):
        codes.set(idx, code)

    assert codes.data == bytes([0xC9, 0x44, 0xF9])
    assert codes.encode() == "eNo76fITAAPfAgc"
    assert [StatusList.decode("eNo76fITAAPfAgc").get(idx) for idx in range(12)] == DRAFT


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=60))
def test_what_was_set_is_read_back(codes):
    entries = StatusList.of_size(len(codes))
    for idx, code in enumerate(codes):
        entries.set(idx, 3)
        entries.set(idx, code)

    read = StatusList.decode(entries.encode())

    assert [read.get(idx) for idx in range(len(codes))] == codes
    assert len(read) == -(-len(codes) // 4) * 4


@pytest.mark.parametrize("idx", [-1, 64, 10**9])
def test_an_index_outside_has_no_status(idx):
    entries = StatusList.of_size(64)

    for act in (entries.get, lambda place: entries.set(place, 1)):
        with pytest.raises(TokenError) as error:
            act(idx)
        assert error.value.reason == "INDEX_OUT_OF_RANGE"


@pytest.mark.parametrize("code", [-1, 4])
def test_there_are_four_codes(code):
    with pytest.raises(ValueError, match="0 to 3"):
        StatusList.of_size(64).set(0, code)


def test_inflating_stops_at_the_bound():
    bomb = zlib.compress(bytes(50 * MAX_INFLATED), 9)

    with pytest.raises(TokenError) as error:
        StatusList.decode(b64u(bomb))
    assert error.value.reason == "LIST_TOO_LARGE"
    assert len(StatusList.decode(b64u(zlib.compress(bytes(MAX_INFLATED))))) == MAX_INFLATED * 4


whole = zlib.compress(bytes(100))


@pytest.mark.parametrize(
    "packed",
    [b"", b"plain", whole[:-1], whole[:-4], whole + b"x", whole[:-1] + b"\0", zlib.compress(b"")[:2]],
    ids=["empty", "not zlib", "cut", "no checksum", "something behind", "wrong checksum", "header only"],
)
def test_what_is_not_one_whole_stream_is_refused(packed):
    with pytest.raises(TokenError) as error:
        StatusList.decode(b64u(packed))
    assert error.value.reason == "BAD_LIST"


def test_padding_in_lst_is_refused():
    with pytest.raises(TokenError, match="base64url"):
        StatusList.decode(StatusList.of_size(64).encode() + "=")


def test_a_signed_list_verifies():
    register = Register()
    register.codes.set(7, 2)

    found = verify_status_list(register.status_list(), uri=URI, keys=KEYS, now=NOW)

    assert (found.uri, found.ttl, found.list.get(7), found.list.get(8)) == (URI, 60, 2, 0)
    assert (found.iat, found.exp) == (NOW, NOW + timedelta(hours=1))


def test_a_list_holds_from_iat_to_exp():
    token = sign_status_list(payload(), KEY)

    assert verify_status_list(token, uri=URI, keys=KEYS, now=NOW + timedelta(minutes=59))
    assert refused(token, now=NOW + timedelta(hours=1)) == "EXPIRED"
    assert refused(token, now=NOW + timedelta(hours=1), leeway=600) == "EXPIRED"
    assert refused(token, now=NOW - timedelta(seconds=1)) == "NOT_YET_VALID"
    assert verify_status_list(token, uri=URI, keys=KEYS, now=NOW - timedelta(seconds=1), leeway=60)


IAT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sub": f"{URI}0"}, "WRONG_LIST"),
        ({"sub": None}, "WRONG_LIST"),
        ({"ttl": 61}, "BAD_LIFETIME"),
        ({"ttl": 0}, "BAD_LIFETIME"),
        ({"ttl": True}, "BAD_LIFETIME"),
        ({"ttl": "60"}, "BAD_LIFETIME"),
        ({"ttl": None}, "BAD_LIFETIME"),
        ({"exp": IAT + 3601}, "BAD_LIFETIME"),
        ({"exp": IAT}, "BAD_LIFETIME"),
        ({"iat": str(IAT)}, "BAD_TIME"),
        ({"status_list": None}, "BAD_LIST"),
        ({"status_list": {"bits": 1, "lst": StatusList.of_size(64).encode()}}, "BAD_LIST"),
        ({"status_list": {"bits": 2}}, "BAD_LIST"),
        ({"status_list": {"bits": 2, "lst": 7}}, "BAD_LIST"),
        ({"status_list": {"bits": 2, "lst": "AAAA"}}, "BAD_LIST"),
    ],
)
def test_a_list_that_breaks_a_rule_is_refused(changes, reason):
    claims = payload(**changes)
    token = (sign_status_list if reason != "BAD_TIME" else unchecked)(claims, KEY)

    assert refused(token) == reason


def unchecked(claims, key):
    return sign_jws(str(claims).replace("'", '"').encode(), typ="statuslist+jwt", signer=key)


def test_a_list_without_iat_is_refused():
    claims = payload()
    del claims["iat"]

    assert refused(sign_status_list(claims, KEY)) == "BAD_LIFETIME"


def test_another_typ_is_refused():
    assert refused(sign_jws(payload(), typ="JWT", signer=KEY)) == "WRONG_TYP"


def test_a_list_is_not_made_to_live_longer_than_it_may():
    with pytest.raises(TokenError) as error:
        status_list_payload(uri=URI, lst="", iat=NOW, exp=NOW + timedelta(seconds=3601))
    assert error.value.reason == "BAD_LIFETIME"


def test_two_hundred_thousand_generations_fit_the_cap():
    """Revoked entries spread at random compress worst: this is what the 256 KB are for."""
    entries = StatusList.of_size(200_000)
    place = 1
    for _ in range(60_000):
        place = place * 48_271 % 2_147_483_647
        entries.set(place % 200_000, place % 4)

    token = sign_status_list(payload() | {"status_list": {"bits": 2, "lst": entries.encode()}}, KEY)

    assert verify_status_list(token, uri=URI, keys=KEYS, now=NOW)
