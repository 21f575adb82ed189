"""Reading a feed quickly is reading it strictly: what the short ways take, the long ways take alike, and nothing else."""

import base64
import json
import re
from pathlib import Path

import pytest
from feed_simulator import FeedLog
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding import bodies, feed
from goodstanding.canonical import canonical_bytes, parse_json, unb64u, written_plainly
from goodstanding.errors import EventError, LogError
from goodstanding.events import MAX_BODY, Leaf, decode_body, encode_body, new_salt, new_subject, seal

VECTORS = Path(__file__).parents[1] / "vectors" / "bodies"
BODIES = [json.loads(path.read_text())["accepted"] for path in sorted(VECTORS.glob("*.json"))]
LOG = FeedLog()
SEALED = [
    seal(body, subject=new_subject(), prev=prev, recorded_at=LOG.clock(), salt=new_salt())
    for body in BODIES
    for prev in (None, bytes(range(32)))
]
PIECES = [
    b"", b" ", b'"', b"\\", b"\\u0041", b"\n", b"0", b"1", b"-", b"_", b"=", b"+", b",", b":", b"{", b"}", b"[", b"]", b"null",
    b"true", b"1.0", b"1e3", b"9007199254740992", b"NaN", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b'"a":1,', b',"a":"b"', b"Z",
]  # fmt: skip


def _b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def lines_of(log_entries):
    """Feed lines as the log writes them."""
    for index, sealed in enumerate(log_entries):
        value = {"index": index} | {name: _b64u(getattr(sealed, name)) for name in ("leaf", "body", "salt")}
        yield json.dumps(value, separators=(",", ":")).encode()


LINES = list(lines_of(SEALED[:4]))


def outcome(read, *given_):
    """What a reader returns, or the kind of its refusal; a name given twice is no kind of its own here."""
    try:
        return read(*given_)
    except EventError:
        return EventError
    except LogError:
        return LogError


@st.composite
def spoilt(draw, originals):
    """Bytes with a few pieces replaced, added or taken away; now and then none."""
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 4)))
        data = data[:start] + draw(st.sampled_from(PIECES)) + data[end:]
    return data


class TestLeaves:
    """The short way is a pattern; the long way reads JSON and writes it again."""

    def slowly(self, data):
        value = parse_json(data, max_bytes=512)
        if not isinstance(value, dict) or canonical_bytes(value) != data:
            raise EventError("not canonical")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("goodstanding.events._LEAF", re.compile(rb"(?!)"))
            return Leaf.decode(data)

    @settings(max_examples=400)
    @given(spoilt([sealed.leaf for sealed in SEALED]))
    def test_agree(self, data):
        assert outcome(Leaf.decode, data) == outcome(self.slowly, data)

    @pytest.mark.parametrize("sealed", SEALED, ids=lambda sealed: sealed.kind)
    def test_good_ones_take_the_short_way(self, sealed, monkeypatch):
        monkeypatch.setattr("goodstanding.events.parse_json", None)
        assert Leaf.decode(sealed.leaf).encode() == sealed.leaf


class TestBodies:
    def slowly(self, data):
        body = parse_json(data, max_bytes=MAX_BODY)
        if not isinstance(body, dict) or encode_body(body) != data:
            raise EventError("not canonical")
        return body

    @settings(max_examples=400)
    @given(spoilt([sealed.body for sealed in SEALED]))
    def test_agree(self, data):
        assert outcome(decode_body, data) == outcome(self.slowly, data)

    @pytest.mark.parametrize("number", [2**53 - 1, 2**53])
    def test_a_number_that_others_would_round_is_refused(self, number):
        body = next(body for body in BODIES if body["kind"] == "decision")
        data = canonical_bytes(body).replace(b'"idx":7', b'"idx":%d' % number)
        assert outcome(decode_body, data) == (EventError if number == 2**53 else json.loads(data))

    def test_a_name_given_twice_is_refused(self):
        data = SEALED[0].body
        with pytest.raises(EventError, match="canonical"):
            decode_body(data.replace(b'"kind":', b'"kind":"x","kind":', 1))


class TestLines:
    """The short way splits at quotes; the long way reads JSON."""

    @settings(max_examples=300)
    @given(spoilt(LINES), st.integers(0, 3))
    def test_agree(self, line, expected):
        assert outcome(feed.read_line, line, expected, "TEST") == outcome(feed._read_json, line, expected, "TEST")

    def test_good_ones_take_the_short_way(self, monkeypatch):
        monkeypatch.setattr("goodstanding.feed.parse_json", None)
        for index, line in enumerate(LINES):
            entry = feed.read_line(line, index, "TEST")
            assert (entry.index, entry.leaf_bytes, entry.body) == (index, SEALED[index].leaf, BODIES[index // 2])

    def test_the_order_of_members_does_not_matter(self):
        line = LINES[0]
        reordered = json.dumps(dict(reversed(json.loads(line).items()))).encode()
        assert feed.read_line(reordered, 0, "TEST") == feed.read_line(line, 0, "TEST")


@given(st.text("AQgwx_-+/= \n\u00e9", max_size=9))
def test_base64url_has_one_spelling(text):
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        data = None
    expected = EventError if data is None or _b64u(data) != text else data
    assert outcome(unb64u, text) == expected


texts = st.text(st.sampled_from('ab"\\ !\u00e9\U0001f600\ufb33'), max_size=4)


@given(st.lists(texts | st.fixed_dictionaries({"b": texts, "a": texts}, optional={"c": st.booleans()}), max_size=2))
def test_the_order_of_a_set_is_that_of_its_canonical_bytes(items):
    if len(items) == 2 and type(items[0]) is type(items[1]):
        left, right = items
        assert bodies._precedes(left, right) == (canonical_bytes(left) < canonical_bytes(right))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_writing_plainly_writes_the_same(value):
    assert written_plainly(value) == canonical_bytes(value)
