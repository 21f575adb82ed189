"""Sorted tables agree with dictionaries, however often they are merged; labels keep their ids."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.verification import numbers
from gateway.verification.keys import domain_key, identifier_key, organisation_key
from gateway.verification.labels import LABEL_ROW, LabelColumns, Labels
from gateway.verification.tables import Blobs, Rows
from goodstanding.number import ALPHABET, make_number

# Few bytes and long common beginnings, so that keys collide in their leading 8 bytes.
bits = st.lists(st.sampled_from([0, 1, 255]), min_size=2, max_size=2)
keys = st.builds(lambda lead, rest: bytes([*lead, 0, 0, 0, 0, 0, 7, *rest]), bits, bits)
short_keys = st.builds(lambda lead: bytes([*lead, 0, 0, 0, 0, 0, 7]), bits)
values = st.binary(max_size=5)


def written(merge):
    """What a merge returns, and the bytes it writes."""
    out = bytearray()
    return merge(out.extend), bytes(out)


def cast(column):
    return memoryview(column.tobytes()).cast("Q") if len(column) else memoryview(b"")


def rows_after(rows, changes):
    first, data = written(lambda write: rows.merged(changes, write))
    return Rows(rows.width, rows.key, cast(first), memoryview(data))


def blobs_after(blobs, changes):
    made, data = written(lambda write: blobs.merged(changes, write))
    return Blobs(blobs.key, cast(made.first), memoryview(bytes(made.keys)), cast(made.ends), memoryview(data))


@given(st.lists(st.dictionaries(keys, st.none() | st.binary(min_size=3, max_size=3)), max_size=4))
def test_rows(steps):
    rows, model = Rows(13, 10), {}
    for changes in steps:
        rows = rows_after(rows, {key: None if value is None else key + value for key, value in changes.items()})
        model = {key: value for key, value in {**model, **changes}.items() if value is not None}
        assert bytes(rows.rows) == b"".join(key + model[key] for key in sorted(model))
        assert len(rows) == len(model)
        for key in {*model, *changes}:
            assert list(rows.starting(key)) == ([key + model[key]] if key in model else [])
            assert list(rows.starting(key[:8])) == [
                other + model[other] for other in sorted(model) if other[:8] == key[:8]
            ]


@pytest.mark.parametrize("kind", [keys, short_keys], ids=["long keys", "short keys"])
def test_blobs(kind):
    @given(st.lists(st.dictionaries(kind, st.none() | values), max_size=4))
    def check(steps):
        blobs, model = Blobs(10 if kind is keys else 8), {}
        for changes in steps:
            blobs = blobs_after(blobs, changes)
            model = {key: value for key, value in {**model, **changes}.items() if value is not None}
            assert len(blobs) == len(model)
            for key in {*model, *changes}:
                assert blobs.get(key) == model.get(key)
                if kind is short_keys:
                    assert blobs.number(int.from_bytes(key, "big")) == model.get(key)
            for place, key in enumerate(sorted(model)):
                start = blobs.ends[place] - len(model[key])
                assert all(blobs.position(offset) == place for offset in range(start, blobs.ends[place]))

    check()


@given(st.lists(st.lists(st.text(max_size=3)), max_size=4))
def test_a_label_keeps_its_id(steps):
    columns, ids = LabelColumns(), {}
    for texts in steps:
        labels = Labels(columns)
        for text in texts:
            assert labels.id(text) == ids.setdefault(text, len(ids) + 1)
        assert [labels.text(label) for label in ids.values()] == list(ids)
        (ends, added), data = written(labels.merged)
        columns = LabelColumns(memoryview(data), cast(ends), rows_after(columns.ids, added))
        assert len(columns) == len(ids)
        assert columns.ids.width == LABEL_ROW
    again = Labels(columns)
    assert [again.id(text) for text in ids] == list(ids.values())


def test_labels_with_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr("gateway.verification.labels._hash", lambda _text: bytes(8))
    first = Labels()
    ids = [first.id(text) for text in "abc"]
    (ends, added), data = written(first.merged)
    again = Labels(LabelColumns(memoryview(data), cast(ends), rows_after(LabelColumns().ids, added)))
    assert [again.id(text) for text in "abcd"] == [*ids, 4]


def test_what_is_remembered_of_labels_is_bounded(monkeypatch):
    monkeypatch.setattr("gateway.verification.labels.MAX_REMEMBERED", 3)
    first = Labels()
    for number in range(10):
        first.id(f'{{"sectors":["{number}"]}}')
    (ends, added), data = written(first.merged)
    labels = Labels(LabelColumns(memoryview(data), cast(ends), rows_after(LabelColumns().ids, added)))
    for label in range(1, 11):
        assert labels.scope(label).sectors == {str(label - 1)}
        assert labels.id(labels.text(label)) == label
    assert max(len(held) for held in (labels._texts, labels._scopes, labels._found)) <= 3


@given(st.text(ALPHABET, min_size=8, max_size=8), st.text(ALPHABET, min_size=8, max_size=8))
def test_packed_numbers_read_back_and_keep_their_order(one, other):
    left, right = make_number("TEST", one), make_number("TEST", other)
    assert numbers.unpack("TEST", numbers.pack(left)) == left
    assert (numbers.pack(left) < numbers.pack(right)) == (left < right)
    assert numbers.pack(left).bit_length() <= 48


def test_a_number_with_wrong_check_digits_is_another_number():
    right = make_number("TEST", "7K3M9QXR")
    wrong = right[:-2] + "00"
    assert numbers.unpack("TEST", numbers.pack(wrong)) == wrong
    assert numbers.pack(wrong) != numbers.pack(right)


def test_keys_forgive_spelling_and_nothing_else():
    assert identifier_key(" LEI", "5299 00ab") == identifier_key("lei", "529900AB")
    assert identifier_key("a", "bc") != identifier_key("ab", "c")
    assert domain_key("Bücher.Example.") == domain_key("xn--bcher-kva.example")
    assert len({domain_key("x"), organisation_key("x"), identifier_key("", "x"), identifier_key("x", "")}) == 4
    assert len(domain_key("ü" * 300)) == len(domain_key("\ud800")) == 16


def test_array_types_are_as_wide_as_the_file_says():
    assert array("Q").itemsize == array("q").itemsize == 8
