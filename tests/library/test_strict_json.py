"""One reading of JSON only."""

from __future__ import annotations

import pytest

from registry_verifier import strict_json


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":1}}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 200_000,
        b'"\\ud800"',
        b'["\\udc00\\ud800"]',
        b'{"\\ud83d":1}',
        b"",
        b"{} {}",
        b"{'a':1}",
    ],
)
def test_what_two_readers_could_take_for_two_things(raw: bytes) -> None:
    with pytest.raises(ValueError):
        strict_json.parse(raw)


def test_whole_characters_beyond_the_first_plane_are_characters() -> None:
    assert strict_json.parse(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_half_characters_are_let_through_where_texts_may_have_been_cut() -> None:
    assert strict_json.parse(b'"\\ud83d"', half_characters=True) == "\ud83d"


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"x"', b"null"])
def test_an_object_is_an_object(raw: bytes) -> None:
    with pytest.raises(ValueError, match="expected a json object"):
        strict_json.parse_object(raw)
