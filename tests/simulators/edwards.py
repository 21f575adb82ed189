"""Arithmetic on edwards25519, slow and plain, to make keys and signatures that no library would make."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1


def add(one, other):
    """The sum of two points (x, y)."""
    (a, b), (c, d) = one, other
    k = D * a * b * c * d % P
    return (a * d + b * c) * pow(1 + k, -1, P) % P, (b * d + a * c) * pow(1 - k, -1, P) % P


def times(scalar, point):
    total = (0, 1)
    while scalar:
        total = add(total, point) if scalar & 1 else total
        point, scalar = add(point, point), scalar >> 1
    return total


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def point_of(y):
    """A point with this y."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    assert x * x % P == square
    return x, y


BASE = point_of(4 * pow(5, -1, P) % P)
BASE = BASE if BASE[0] % 2 == 0 else (P - BASE[0], BASE[1])


def _of_order_eight():
    y = 2
    while True:
        try:
            point = times(L, point_of(y))
        except AssertionError:  # no point has this y
            point = (0, 1)
        if times(4, point) != (0, 1):
            return point
        y += 1


TORSION = [times(n, _of_order_eight()) for n in range(8)]  # all points of small order, the neutral one first


def challenge(r, key, message):
    return int.from_bytes(sha512(r + key + message).digest(), "little") % L


def signature(secret, nonce, message, *, key, r):
    """R as given, and the S that belongs to it under the scalar `secret`."""
    return r + ((nonce + challenge(r, key, message) * secret) % L).to_bytes(32, "little")
