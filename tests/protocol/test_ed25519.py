"""Signatures on which libraries disagree: what is refused before any of them is asked, and what is left to them."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from edwards import BASE, TORSION, L, P, add, challenge, encode, signature, times

from goodstanding.ed25519 import public_key_problem, signature_problem

SECRET, NONCE = 0x1234567890ABCDEF1234567890ABCDEF, 0xFEDCBA0987654321
KEY = times(SECRET, BASE)
A, R = encode(KEY), encode(times(NONCE, BASE))
MESSAGE = b"a decision"
GOOD = signature(SECRET, NONCE, MESSAGE, key=A, r=R)


def second_spelling(point):
    """The encoding with y above the prime, where it still fits."""
    return ((point[1] + P) | (point[0] & 1) << 255).to_bytes(32, "little")


def fits(key, signed, message=MESSAGE):
    """What the library says by itself."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, message)
    except InvalidSignature:
        return False
    return True


def accepted(key, signed, message=MESSAGE):
    return public_key_problem(key) is None and signature_problem(signed) is None and fits(key, signed, message)


def test_an_ordinary_signature_made_here_is_accepted():
    assert accepted(A, GOOD)


@pytest.mark.parametrize("times_order", [1, 2, 8])
def test_an_s_beyond_the_order_is_a_second_spelling(times_order):
    spelled = GOOD[:32] + (int.from_bytes(GOOD[32:], "little") + times_order * L).to_bytes(32, "little")

    assert signature_problem(spelled) is not None


@pytest.mark.parametrize("place", range(8))
def test_an_r_of_small_order_is_refused_even_where_the_equation_holds(place):
    """With R = T, S = k·a holds for the neutral T, and for the others where only its multiple by 8 is looked at."""
    r = encode(TORSION[place])
    forged = signature(SECRET, 0, MESSAGE, key=A, r=r)

    assert fits(A, forged) is (place == 0)
    assert signature_problem(forged) is not None


def test_second_spellings_of_an_r_of_small_order_are_refused_too():
    fitting = [point for point in TORSION if point[1] < 19]
    assert sorted(point[1] for point in fitting) == [0, 0, 1]
    for r in [second_spelling(point) for point in fitting] + [(1 | 1 << 255).to_bytes(32, "little")]:
        assert signature_problem(signature(SECRET, 0, MESSAGE, key=A, r=r)) is not None


@pytest.mark.parametrize("place", range(8))
def test_a_key_of_small_order_is_refused_in_every_spelling(place):
    point = TORSION[place]
    spellings = [encode(point)] + ([second_spelling(point)] if point[1] < 19 else [])

    assert all(public_key_problem(spelling) is not None for spelling in spellings)


@pytest.mark.parametrize("place", range(1, 8))
def test_a_torsion_in_r_is_caught_by_the_equation_without_cofactor(place):
    """8·S·B = 8·R + 8·k·A holds, S·B = R + k·A does not."""
    r = encode(add(times(NONCE, BASE), TORSION[place]))

    assert not accepted(A, signature(SECRET, NONCE, MESSAGE, key=A, r=r))


def test_a_torsion_in_the_key_shows_unless_the_challenge_swallows_it():
    """Such a key has an owner who can sign; what counts is that no two verifiers differ about what was signed."""
    key = encode(add(KEY, TORSION[1]))
    for counter in range(40):
        message = b"decision %d" % counter
        swallowed = challenge(R, key, message) % 8 == 0
        assert accepted(key, signature(SECRET, NONCE, message, key=key, r=R), message) is swallowed


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_has_64_bytes(size):
    assert "64" in signature_problem(bytes(size))
