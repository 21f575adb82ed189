"""A number tells by itself when it was mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.errors import NumberError
from goodstanding.number import ALPHABET, check_number, make_number, new_number, prefix_of

numbers = st.builds(
    make_number,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
)


def test_the_worked_example() -> None:
    assert make_number("TEST", "7K3M9QXR") == "TEST-7K3M9QXR-23"


@given(numbers)
def test_a_number_checks(number: str) -> None:
    assert check_number(number) == number


@given(numbers, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_its_own_kind_is_found(number: str, position: int, wrong: str) -> None:
    at = number.index("-") + 1 + position
    if wrong.isdigit() != number[at].isdigit():
        return  # letters are two digits to the check, so a letter for a digit shifts the rest: one in 97 slips by
    mistyped = number[:at] + wrong + number[at + 1 :]
    if mistyped == number:
        return
    with pytest.raises(NumberError, match="check digits"):
        check_number(mistyped)


@given(numbers, st.integers(0, 6))
def test_two_swapped_neighbours_are_found(number: str, position: int) -> None:
    at = number.index("-") + 1 + position
    if number[at].isdigit() != number[at + 1].isdigit():
        return
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped == number:
        return
    with pytest.raises(NumberError):
        check_number(swapped)


def test_typing_is_forgiven_where_it_cannot_be_misread() -> None:
    zero_and_one = make_number("TEST", "01ABCDEF")
    assert check_number(" " + zero_and_one.lower().replace("-01", "-oi") + " ") == zero_and_one


@pytest.mark.parametrize(
    "text", ["", "TEST", "TEST-7K3M9QXR", "TEST-7K3M9QXR-2", "T-7K3M9QXR-23", "TEST-7K3M9QX-23", "TEST-7K3M9QXR-2٣",
             "TEST_7K3M9QXR_23", "A" * 100_000, "TEST-7K3M9QXR-23-1"]
)  # fmt: skip
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NumberError) as caught:
        check_number(text)
    assert caught.value.reason == "BAD_NUMBER"


def test_fresh_numbers_differ_and_check() -> None:
    fresh = {new_number("TEST") for _ in range(200)}
    assert len(fresh) == 200
    assert {prefix_of(check_number(number)) for number in fresh} == {"TEST"}
